"""Words that ask for the same thing, in Ukrainian, Russian and English: a small thesaurus of service talk.

Three languages train one model; what they share is meaning, not letters. Each line is a concept with
the stems that people use for it; `nlu.concepts` matches them against words. A stem matches any word
that begins with it, a stem ending in ``.`` only the whole word. Nothing here is about one firm: these
are the nouns and verbs of orders, parcels, money, appointments and manners.
"""

from __future__ import annotations

CONCEPTS = """
where: де. где. куди. куда. звідки. откуда. where whereabouts локац
when: коли. когда. when. якого. whens
howmuch: скільки. скіки. скіко. скоко. скока. сколько. почому. почем. how-much
howlong: довго. долго. how-long тривал длител
how: як. як. как. how. яким. каким. яком
why: чому. чого. почему. зачем. навіщо. отчего. why. чо.
who: хто. кто. who. кому. whose
which: який яка яке які какой какая какие which
can: можна можно можлив возможн могти можу могу можете might can. could. possible able. allow дозвол разреш
want: хочу хотів хотел хотіл бажаю желаю want wanna. like-to треба нада. надо. потрібн нужно нужен нужна need
dontwant: не-хочу не-треба не-надо не-потрібн не-нужн dont-want no-longer передумал changed-my-mind
price: ціна ціни ціну цін. цена цены цену цен. ценник варт вартіст стоим стоит стоят коштує коштув кошту тариф
  розцін расцен прайс price prices pricing pricey cost fee fees charge tariff rates rate. expensive дорог дешев
  cheap плата калькулятор calculator calculate розрах рассчит порах посчит quote postage обійд обойд
free: безкошт бесплат безплат даром. free. gratis
discount: знижк скидк акці промокод discount coupon promo бонус bonus
parcel: посил посыл пакун пакет. бандерол відправл отправл вантаж груз. груза. parcel package packet packages
  shipment item items box boxes коробк посилочк замовл заказ order orders
document: докумен document паспорт passport лист. листа. листи письм letter papers
send: відправ отправ надісл надсил послат послать послати пересил пересыл перешл переслат відісл отосл send sending
  sent. ship shipping shipped post. posting mail mailing відсила
deliver: достав deliver привез привіз привез вруч
receive: отрим получ забрат забрати забира забер вынес receiv collect. collecting pick pickup-my get-my взят
fetch: забор забір забере заберіт заберет заберит приїха приїд приех приед выезд виїзд pick-up come-get fetch
  home-collection
courier: кур'єр курєр курьер кур'er courier driver водій водит посильн
door: додому домой дверей двери двері адресн квартир дому. home. door doorstep house
track: трек track відстеж отслеж відслід прослід відслідк tracing trace статус status ттн. ttn. накладн
whereabout: де-моя де-мій де-моє где-моя где-мой где-мое where-is wheres where-my
arrive: прийде прийш приїд приход придет придё пришл пришел прибу прибыт їде. едет. йде. идет. доїд доед дойд arriv
  coming come. on-its-way здвин движ рухає
late: затрим задерж запізн опозд прострочен late delay delayed overdue досі до-сих-пір до-сих-пор still yet. зависл
  завис stuck
lost: загуб загубил втрат втрач потер потеря пропал пропаж пропала зник исчез lost lose missing disappear vanish
  розшук розыск пошук
damaged: пошкодж поврежд розбит розбил разбит разбил зламан зламал слома зіпсов испорч пом'ят помят битий битая бите
  тріснут треснут трещин порван розірв разорв мокр протек damage broken broke smash crack crush shatter torn dent
  leak wet. брак
incomplete: неповн неполн нестач недоста не-хватает бракує неповна missing-item not-all вкрал украли украден stolen
  theft stole
insure: страх застрах insur cover. coverage compensation компенс відшкод возмещ оголошен объявленн оцін оцен
  declared
pay: плат оплат заплат сплат розрах-карт рассчита pay pays paying payment paid
cash: готівк налич cash. банкнот купюр
card: карт card. cards visa mastercard віза виза apple-pay google-pay терминал термінал pos. безготів безнал
  contactless
cod: післяпл післяопл післясплат наложен накладен налож наклад cod. cash-on on-delivery при-отриманні при-получении
money: грош деньг деньги кошт кошти грн. гривн гривен гривень money funds sum. сума сумма uah hryvnia
refund: поверніть-гроші поверн-гро возвр-ден верн-гро верн-ден верніть-гро refund reimburse money-back
  поверненн-кошт возврат-средств chargeback списал списан списали двічі дважды twice debited overcharg charged-twice
return: поверн возврат верн вернут return send-back відмов отказ refuse обмін обмен exchange
change: змін зміни помін перенес измен помен сменит смен заменит замін change alter edit. modify виправ исправ
  correct. fix. update update. редаг
redirect: переадрес перенапр redirect reroute forward. інше-відділ друге-відділ другое-отд another-branch
  other-branch
address: адрес address вулиц улиц street. дім. будин
wrongly: помил ошиб неправ невірн неверн не-той не-та не-то не-туди не-туда wrong mistake incorrect typo misspel
recipient: отримувач одержувач получател адресат recipient addressee receiver прізвищ фаміл фамил surname lastname
  ім'я. имя. name. names
other-person: інша-людин друга-людин інший-чол друг-чел другой-человек другому замість вместо someone somebody
  another-person friend друг. друга. подруг дружин жена. жене. муж. мужу. чоловік. мама. мамі. маме. мати. mum. mom.
  wife husband brother sister брат сестр син. сын. сина. сына. доруч доверен authoriz behalf instead довірен
branch: відділен отделен филиал філі пункт видач выдач точка branch office depot склад warehouse pickup-point пошт
  почт
locker: поштомат почтомат постамат поштамат автомат комірк ячейк шкаф locker lockers cell. parcel-machine
code: код. коду. кода. code pin. смс sms otp. qr. пароль
near: найближ ближай ближч біля возле поруч рядом недалек near closest nearby район. карт-відд map. around
open: відкрит відчин открыт працює працюєте працюют работает работаете работают open opens opening графік график
  режим робочий рабочее schedule hours hour. розклад расписан години часы
close: закрит зачин закрыт закрыв close closed closes closing shut. обід перерв перерыв lunch
weekend: вихідн выходн субот суббот неділ воскрес weekend saturday sunday
holiday: свят праздн holiday новий-рік новый-год new-year різдв рождеств christmas великд пасх easter
time: час. часу время времени time. термін строк срок duration скоро. быстро швидк скорост fast quick soon express
  експрес экспресс urgent терм-нов срочн термінов
day: день дня. днів дней дні. дни. доба. добу сутк day. days. сьогодні сегодня today завтра tomorrow
store: зберіг храни хранен зберега лежат лежит лежить полеж лежала keep. kept storage stored stay. hold. holding
extend: продовж продлит продли extend longer prolong
abroad: закордон за-кордон за-границ заграниц зарубеж міжнарод международ інш-країн друг-стран europe європ европ
  абро abroad international overseas foreign countr країн стран польщ польш poland polski німеч герман german чехі
  чехи czech італі итал italy іспан испан spain сша. usa. америк america канад canada англі англи england uk.
  british британ франц france світ. world ізраїл израил israel туреч турц turkey литв lithuan румун roman молд
  moldov
customs: митн митн розмит тамож растамож пошлин мито. мита. customs duty duties декларац declaration vat. пдв. ндс.
  tax. taxes import tariff-import
weight: вага ваги вагу вазі вес. веса. весу весит весом важит weigh weight kilo kilos kg. кг. кіло килог кілог тонн
  важк тяжел heavy
size: розмір размер габарит сантим довжин длин ширин висот высот об'єм обьем объем size dimension big. large великий
  велика большой большая cm. см. метр oversize негабарит length volume
limit: обмеж огранич ліміт лимит максим макс. мінім миним limit limits maximum max. minimum largest heaviest
pack: упаков пакув упаку запак упакуй pack. packing packaging wrap wrapping bubble коробк плівк пленк скотч tape
  пінопл пенопл
fragile: крихк хрупк скло. стекл посуд fragile glass dishes тендітн
forbidden: заборон запрещ запрет нельзя нельзя не-можна prohibit forbidden banned ban. illegal restrict дозволен-не
  not-allowed allowed-to
goods-danger: алкогол горілк вино. вина. зброя зброю оруж патрон ножи батаре battery lithium аккум акум газов балон
  баллон alcohol weapon gun. ammo perfume парфум парф духи духи наркот drug лік. ліки лекарств medicine їжа. еда.
  їжу еду. food тварин животн animal pet. кіт. кота. рослин растен plant
business: бізнес бизнес юрос юрлиц юридич тов. ооо. фоп. фоп. флп. фізос-підпр підприєм предприн компан компани фірм
  фирм організ организ business company corporate firm. firms enterprise ltd. магазин shop. store. store. e-commerce
  інтернет-маг договір договор contract рахун-факт счет-факт invoice бухгалт account акаунт аккаунт кабінет кабинет
  cabinet
api: api. апі. апи. інтеграц интеграц integrat plugin модуль crm.
person: оператор людин человек чоловік живий живой жива менедж консульт співроб сотрудн працівник підтримк поддержк
  специаліст спеціаліст специалист human person agent representative manager operator staff support. real-person
  адмін админ начальн керівн
talk: поговор розмов разговар разговор зв'яж свяж зв'яз связ соедин з'єдн зєдн переключ talk speak chat. connect
  transfer-me обща спілк
call: подзв зателеф телефон дзвін дзвон позвон звонок звон звонит перезвон передзв набер call calls callback ring.
  phone ringing наберіт
cancel: скасув відмін відміня отмен анулю аннул cancel not-call не-дзвон не-звон
move: перенес перенест переніс перенос пересун передвин відклад отлож пізніше позже раніше раньше later. earlier
  resched postpone move. shift.
complain: скарг поскарж жалоб пожалов жаліт complain complaint хам хаміт хамят нахам груб rude impolite swore унизи
  ображ оскорб awful terrible horrible жах жахлив ужас отврат огидн disgust worst найгірш худш ганьб позор shame
  суд. court відгук отзыв review безлад бардак
thank: дяк спасибі спасиб дякс thank thanks thx. thankyou cheers благодар благодарю вдячн спс. пасиб appreciate
  grateful
praise: супер. чудов отличн прекрас класс класно круто great perfect awesome excellent молодц допомогл помогл helped
  helpful
hello: привіт привет вітаю здрастуйте здравст добрий-день добрый-день добр-ранок доброе-утро добрий-веч добрый-веч
  доброго-дня доброго-вечора доброго-ранку hello hi. hey. good-morning good-evening good-afternoon хай. хелоу салют
  здоров
bye: бувай бувайте побачен свидан пока. допобач прощав прощай bye. goodbye good-night надобраніч спокойной ночі.
  see-you удач all-the-best гарного хорошего have-a
you: ти. ви. ты. вы. you. тебе. тебя. вас. вам. your. твоє твое ваше. вашi
bot: бот. бота. ботом робот robot bot. machine ai. штучн искусств комп'ютер программ програм
ability: вмієш умієш умеешь вмієте умеете здатн can-you-do what-can capabilit функці функци допомож поможе помоч
  help.
weather: погод weather дощ. дождь rain сніг снег snow температур градус
news: новин новост news. вибор выбор election президент president політик политик
cook: рецепт recipe борщ пирог торт cake cook cooking приготув приготов варит спекти испечь піц пицц pizza
health: болить болит лікар врач таблет doctor headache fever medicine симптом здоров'я
sport: футбол матч match чемпіон чемпион football soccer league team команд
money-market: курс. долар доллар біткоїн биткоин bitcoin crypto крипт акції-комп stock кредит loan іпотек ипотек
  mortgage депозит
fun: анекдот жарт шутк пошут joke laugh фільм фильм movie film серіал сериал пісн песн song music музик гороскоп
  horoscope гра. игр. game games
travel: квиток квитки билет ticket flight літак самол готел отел hotel таксі такси taxi поїзд поезд train. автобус
  bus.
love: люблю любиш любишь love. кохаю побачення girlfriend boyfriend
school: домашк домашн homework essay твір сочинен уравнен рівнян equation математ math хімі хими фізик физик
tech: комп'ютер компьют ноутбук laptop windows віндовс виндоус python код-на iphone айфон телефон-зл вайфай wifi
work: ваканс вакансі job. jobs работу роботу зарплат salary резюме hire hiring
negation: не. ні. нет. нема немає not. no. dont. doesnt. didnt. isnt. wasnt. arent. hasnt. havent. cant. cannot.
  couldnt. wont. wouldnt. never. unable without. без.
transfer: переказ перевод перевест перевел перевів перекин transfer remit swift. sepa.
pending: pending. очікує ожидает опрац обробл обрабат process processing. in-progress
declined: declin reject відхил отклон не-проход не-пройш не-прош fail failed. failing. unsuccess denied revert
  не-прийня не-приня bounced
withdraw: atm. atms. банкомат cashpoint withdraw зняти знят. зняв зняла знімат снять снял снима снят. cash-machine
  вивест вывест вивод вывод обналич
currency: валют currenc exchang usd. eur. gbp. aud. долар доллар dollar євро евро euro euros pound pounds фунт
  конвертац converting conversion fiat crypto крипт
verify: verif підтвер подтвер identit ідентиф идентиф prove proof. id. особи. личност
app: app. apps. додатку. додаток. застосун приложен website сайт онлайн online.
login: password пароль passcode login log-in sign-in увійти ввійти войти зайти вхід вход. access доступ
fault: not-work doesnt-work isnt-work wont-work stopped-work не-прац не-робот не-работ error errors problem проблем
  issue issues trouble
buy: buy. buying bought purchas купи купл купув покуп придба
topup: top-up topup top-ups topups topping topped поповн пополн add-money adding-money зарах зачисл deposit депозит
  внести внес.
extra: extra. additional додатков дополнит зайв лишн unexpected
bank: bank. banks. банк банка. банку. банки.
balance: balanc баланс остат
activate: activat актив reactivat увімк включ
block: block freez frozen unblock заблок розблок разблок блок. замороз
stranger: recogni впізна узнаю unauthor fraud scam. шахрай мошенн stolen вкра укра compromis
transaction: transact statement транзакц операці операци виписк выписк
expire: expir закінч истек заканч термін-дії срок-действ
twice: twice. double. doubl duplicat двічі дважд multiple. several. кілька. несколько.
virtual: virtual. disposab віртуал виртуал одноразов temporar тимчас временн
physical: physical. plastic. пластик фізичн физическ
child: child children kid. kids. daughter son. дитин діти. дітей ребен детей дети. age. вік. возраст
reason: reason причин because
past: yesterday вчора вчера ago. тижн-тому недел-назад last-week тому. назад.
source: source джерел источн origin
accept: accept accepted приймаєт принима supported support.
delete: delet видал удал terminat cancel-account закрити-рах закрыть-сч
phone: mobile. phone. телефон смартфон сім-карт сим-карт
""".strip()
"""``name: stem stem …``, going on in lines that begin with a space. A stem with hyphens is a row of words."""
