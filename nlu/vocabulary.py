"""The everyday words of Ukrainian, Russian and English: what a language is recognised by.

Chosen for chats with a firm: the commonest function words, then verbs, nouns and adjectives whose
endings are typical of the language. `ONLY` words are proof on their own; `CHAT` holds how they are
written in a hurry. All words are in the form `nlu.normal.normalise` gives.
"""

from __future__ import annotations

from functools import cache

from nlu.normal import normalise, skeleton

UKRAINIAN = """
і й та а але або чи що як це цей ця ці той те ті тут там де куди звідки коли чому навіщо скільки хто кого кому чого
чим який яка яке які якого якої яку яким мені мене мною ми нас нам вам вас ви ти тебе тобі він вона воно вони його
її їх їм йому мій моя моє мої моєї мою моїх твій твоя ваш ваша ваше ваші вашого вашу наш наша себе собі свій свою є
був була було були буде будуть буду бути не ні так немає нема вже ще тільки лише також теж дуже більше менше краще
можна можу можете може треба потрібно потрібен потрібна хочу хочемо хотів хотіла хотіли знаю знаєте сказали кажуть
скажіть підкажіть допоможіть дайте дати прошу будь ласка дякую дякуємо спасибі привіт вітаю доброго добрий день дня
ранку вечора вечір здрастуйте бувайте побачення зараз сьогодні завтра вчора післязавтра потім тоді завжди ніколи ось
щоб якщо бо тому через після перед під над між без для від до із зі з у в на по про при за біля крім проти коштує
коштувати ціна вартість гроші гривень оплата оплатити заплатити сплатити платити картка карткою готівкою посилка
посилку посилки посилок пакунок відправлення відправити надіслати переслати отримати отримувач одержувач забрати
доставка доставки доставку відділення поштомат кур'єр адреса адресу номер телефон зателефонуйте подзвоніть
передзвоніть дзвінок оператор людина людиною живою поговорити зв'язатися написати змінити замінити скасувати
перенести повернути повернення загубили загубилася втрачена пошкоджена розбита зламана запакувати пакування вага
важить кілограм розмір обмеження страхування застрахувати митниця кордон працюєте працює відкрито зачинено години
вихідні неділя неділю суботу понеділок вівторок середа середу четвер п'ятниця п'ятницю січня лютого березня квітня
травня червня липня серпня вересня жовтня листопада грудня зберігання зберігається рахунок рахунку договір компанія
підприємство магазин замовлення замовив замовила товар чекаю чекати довго швидко дорого дешево великий велика
маленький новий нова інший інша інше іншу іншого перший останній кожен усе все всі всього нічого щось хтось хтів
робити зробити роблю робите працювати питання відповідь відповідають проблема допомога правильно неправильно помилка
помилився прізвище ім'я вулиця будинок місто міста місті селі країна україна україні україни українською київ києва
києві львів львова харків дніпро одеса гарного всього найкращого привезли привезуть прийшла прийшов прийде їде йде
їхати стоїть лежить дійшла приїхати приїде візьмете відкрили відповів мої речі речей дитина дружина чоловік донька
знайти знайшли шукаю шукати бачу показує оновлюється статус трекінг
"""
RUSSIAN = """
и а но или что как это этот эта эти тот то те тут там где куда откуда когда почему зачем сколько кто кого кому чего
чем какой какая какое какие какого какую каким мне меня мной мы нас нам вам вас вы ты тебя тебе он она оно они его
ее их им ему мой моя мое мои моей мою моих твой твоя ваш ваша ваше ваши вашего вашу наш наша себя себе свой свою
есть был была было были будет будут буду быть не ни да нет уже еще только лишь также тоже очень больше меньше лучше
можно могу можете может надо нужно нужен нужна хочу хотим хотел хотела хотели знаю знаете сказали говорят скажите
подскажите помогите дайте дать прошу пожалуйста спасибо благодарю привет здравствуйте доброго добрый день дня утра
вечера вечер досвидания свидания сейчас сегодня завтра вчера послезавтра потом тогда всегда никогда вот чтобы если
потому поэтому через после перед под над между без для от до из с со у в на по о об про при за возле кроме против
стоит стоить цена стоимость деньги гривен рублей оплата оплатить заплатить платить карта картой наличными посылка
посылку посылки посылок пакет отправление отправить послать переслать получить получатель забрать доставка доставки
доставку отделение почтомат курьер адрес адреса номер телефон позвоните перезвоните звонок оператор человек
человеком живым поговорить связаться написать изменить поменять заменить отменить перенести вернуть возврат потеряли
потерялась потеряна повреждена разбита сломана упаковать упаковка вес весит килограмм размер ограничения страховка
застраховать таможня граница работаете работает открыто закрыто часы выходные воскресенье субботу понедельник
вторник среда среду четверг пятница пятницу января февраля марта апреля мая июня июля августа сентября октября
ноября декабря хранение хранится счет счета договор компания предприятие магазин заказ заказал заказала товар жду
ждать долго быстро дорого дешево большой большая маленький новый новая другой другая другое другую другого первый
последний каждый все всего ничего что-то кто-то делать сделать делаю делаете работать вопрос ответ отвечают проблема
помощь правильно неправильно ошибка ошибся фамилия имя улица дом город города городе селе страна украина украине
украины русском киев киева киеве львов львова харьков днепр одесса хорошего всего лучшего привезли привезут пришла
пришел придет едет идет ехать стоит лежит дошла приехать приедет возьмете открыли ответил мои вещи вещей ребенок
жена муж дочь найти нашли ищу искать вижу показывает обновляется статус отследить почем хватит понял понятно ладно
хорошо плохо совсем просто вообще наверное конечно именно быстрее скорее хотелось бы ли же
"""
ENGLISH = """
i a an the and or but if so not no yes is are was were be been am do does did done have has had can could will would
shall should may might must my your his her its our their me you him us them it he she we they this that these those
there here what where when why who whom whose which how much many long far often to of in on at by for with from
about into over under after before between through up down out off again only just also too very more most less than
then now today tomorrow yesterday tonight morning afternoon evening week month year day days hour hours time please
thanks thank hello hi hey bye goodbye good great fine ok okay sorry welcome help need want like know think tell say
said ask asked see look find found get got give gave take took make made go going gone come came coming send sending
sent ship shipping shipped deliver delivery delivered receive received pick collect return returned refund pay paid
payment cost costs price fee charge cheap expensive money cash card credit parcel parcels package packages packet
box boxes order orders item items letter track tracking number status branch office locker post mail courier driver
address street city town village country abroad international customs weight weigh heavy size big small limit
allowed forbidden broken damaged lost missing late delayed insurance insure value change changed cancel cancelled
move moved book call phone speak talk person human agent operator manager someone anyone anything something nothing
everything open close closed opening working weekend monday tuesday wednesday thursday friday saturday sunday
january february march april june july august september october november december next last first second other
another same new old wrong right still yet already ever never always because while without business account company
invoice contract store storage keep kept wait waiting available possible it's i'm i've don't can't didn't isn't
won't where's what's haven't hasn't doesn't i'd i'll you're that's there's free online website app email message
reply answer question problem issue service customer support complaint terrible happened happen working work works
name recipient sender friend wife husband instead inside outside home house door near nearest closest pack packing
packaging wrap fragile glass documents document passport date later earlier soon fast quick quickly long longest any
all some each both few lot lots
"""
CHAT = {
    "uk": "скіки скіко шо шоб щас нема дяк дякс спс пліз плз прив дєл ше тіко тре нажаль",
    "ru": "скока скоко чо че щас спс пасиб плиз плз прив ща норм мож ваще тока",
    "en": "pls plz thx u ur r wanna gonna dunno info asap wheres whats dont cant im ive",
}
REPLIES = {
    "uk": """
о об добре гаразд ясно зрозуміло звісно авжеж угу ага давай давайте ок окей карта карти карту перше перша друга друге
другий другу третє третя третій четверте пятницю пятниця когось комусь якийсь якась якусь якісь десь колись старший
старшого менеджер менеджера консультант консультанта бот бота боте ботом оператора оператору оператором з'єднайте
покличте поклич кличте людини люди дзвінка дзвінку дзвоніть страховка картою гарного клас пака бувай добридень
""",
    "ru": """
ясно угу ага давай давайте ок окей карты карту первое первая второе вторая второй вторую третье третья третий четвертое
пятницу кого-нибудь кто-нибудь какой-то какая-то где-то когда-то старший старшего менеджер менеджера консультант
консультанта бот бота ботом оператора оператору оператором соедините позовите позови люди звонка звонку звоните
страховка картой класс спасибочки сроки пока прощай прощайте увидимся удачи здрасте здарова алё благодарна
""",
}
"""What people answer a question with, or call for somebody with. It tells the language of a short text; what is
understood does not lean on it."""
NOBODYS = frozenset(
    ("ok", "okay", "viber", "telegram", "whatsapp", "gmail", "sms", "qr", "pin", "iban", "visa", "mastercard")
)
"""What is written in Latin letters in every language."""
ONLY = {
    "uk": "де чи що це та але або немає нема коли чому скільки як який яка треба щоб якщо від хто будь ласка дякую"
    " їх її є скіки шо тре звідки куди бо привіт вітаю мені зараз ще вже теж",
    "ru": "где что это или если нет когда почему сколько как какой какая надо чтобы от кто пожалуйста спасибо да их ее"
    " есть скока скоко откуда куда привет здравствуйте мне сейчас еще уже тоже нужно очень",
}
"""Words that tell Ukrainian from Russian beyond their letters."""


def common_words(language: str) -> list[str]:
    """The everyday words of `language` (uk, ru or en), normalised, without repeats."""
    listed = {"uk": UKRAINIAN, "ru": RUSSIAN, "en": ENGLISH}[language] + " " + CHAT[language]
    return list(dict.fromkeys(normalise(listed).split()))


def telling_words(language: str) -> list[str]:
    """The words by which `language` is recognised, normalised, without repeats."""
    return list(dict.fromkeys([*common_words(language), *normalise(REPLIES.get(language, "")).split()]))


@cache
def common_skeletons() -> frozenset[str]:
    """Everyday words of all three languages in the form that features use."""
    return frozenset(skeleton(word) for language in ("uk", "ru", "en") for word in common_words(language))
