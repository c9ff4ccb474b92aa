// Times, days and sizes in the reader's language and zone.
export class Formats {
  constructor(language) {
    this.language = language;
    this.hours = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
    this.full = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" });
    this.date = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
    this.near = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  }

  /** The day's name: today, yesterday, or its date. */
  day(moment) {
    const days = Math.round((new Date(moment).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / 86400000);
    return days > -2 ? this.near.format(days, "day") : this.date.format(moment);
  }

  /** Bytes as a person reads them. */
  size(bytes) {
    if (!bytes) return "";
    const large = bytes >= 1e6;
    const options = { style: "unit", unit: large ? "megabyte" : "kilobyte", maximumFractionDigits: large ? 1 : 0 };
    return new Intl.NumberFormat(this.language, options).format(Math.max(1, bytes / (large ? 1e6 : 1e3)));
  }
}
