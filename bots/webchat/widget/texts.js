// Which language to speak. The words themselves come with the configuration, from the gateway's catalogues.
const LANGUAGES = ["uk", "ru", "en"];

/** The first language we speak: the script's attribute, the page's, the browser's; else the firm's. */
export function chooseLanguage(...wanted) {
  const codes = wanted.flat().map((code) => (code || "").slice(0, 2).toLowerCase());
  return codes.find((code) => LANGUAGES.includes(code)) || "";
}

/** (name, value) → the text, with {0} filled in. */
export function translator(texts) {
  return (name, value) => texts[name].replace("{0}", value);
}
