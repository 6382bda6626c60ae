// APPSYNC_JS's `util.time`, with the letters of Java's DateTimeFormatter that status code meets.
(function () {
  "use strict";

  const { state } = __appsync;
  const MONTHS = "January February March April May June July August September October November December".split(" ");
  const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
  const MINUTE = 60000;
  const padded = (value, width) => String(value).padStart(width, "0");

  // Minutes east of UTC. The engine has no time zone database, so that only fixed offsets are known.
  function offsetMinutes(zone) {
    if (zone === undefined || ["UTC", "GMT", "Z", "Etc/UTC"].includes(zone)) return 0;
    const match = /^(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?$/.exec(zone);
    if (!match) throw new Error(`util.time with the time zone ${zone} is not implemented by localcloud`);
    return (match[1] === "-" ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3] || 0));
  }
  function offsetText(minutes, separator) {
    const size = Math.abs(minutes);
    return `${minutes < 0 ? "-" : "+"}${padded(Math.floor(size / 60), 2)}${separator}${padded(size % 60, 2)}`;
  }
  function zoneText(letter, count, minutes) {
    if (letter === "X" && minutes === 0) return "Z";
    if (count === 1 && letter !== "Z" && minutes % 60 === 0) return offsetText(minutes, "").slice(0, 3);
    return offsetText(minutes, count === 3 && letter !== "Z" ? ":" : "");
  }

  // A pattern as runs of one letter, quoted text and plain characters.
  const runs = (pattern) => pattern.match(/([A-Za-z])\1*|'(?:[^']|'')*'|[^A-Za-z']/g) || [];
  const literal = (run) => (run === "''" ? "'" : run[0] === "'" ? run.slice(1, -1).replace(/''/g, "'") : run);

  function field(run, date, minutes) {
    const count = run.length;
    const number = (value) => padded(value, count);
    switch (run[0]) {
      case "y":
      case "u":
        return count === 2 ? padded(date.getUTCFullYear() % 100, 2) : number(date.getUTCFullYear());
      case "M":
      case "L":
        if (count === 3) return MONTHS[date.getUTCMonth()].slice(0, 3);
        return count === 4 ? MONTHS[date.getUTCMonth()] : number(date.getUTCMonth() + 1);
      case "d":
        return number(date.getUTCDate());
      case "E":
        return count === 4 ? DAYS[date.getUTCDay()] : DAYS[date.getUTCDay()].slice(0, 3);
      case "a":
        return date.getUTCHours() < 12 ? "AM" : "PM";
      case "H":
        return number(date.getUTCHours());
      case "h":
        return number(date.getUTCHours() % 12 || 12);
      case "m":
        return number(date.getUTCMinutes());
      case "s":
        return number(date.getUTCSeconds());
      case "S":
        return padded(date.getUTCMilliseconds(), 3).padEnd(count, "0").slice(0, count);
      case "X":
      case "x":
      case "Z":
        return zoneText(run[0], count, minutes);
      default:
        throw new Error(`util.time with the format letter ${run[0]} is not implemented by localcloud`);
    }
  }
  function format(milliseconds, pattern, zone) {
    const minutes = offsetMinutes(zone);
    const date = new Date(milliseconds + minutes * MINUTE);
    return runs(pattern)
      .map((run) => (/[A-Za-z]/.test(run[0]) ? field(run, date, minutes) : literal(run)))
      .join("");
  }

  const ESCAPED = /[.*+?^${}()|[\]\\]/g;
  function fieldPattern(run) {
    switch (run[0]) {
      case "M":
      case "L":
        if (run.length >= 3) return "([A-Za-z]+)";
        break;
      case "E":
      case "a":
        return "([A-Za-z]+)";
      case "X":
      case "x":
      case "Z":
        return "(Z|[+-]\\d{2}:?(?:\\d{2})?)";
      case "y":
      case "u":
        return run.length === 2 ? "(\\d{2})" : "(\\d{4,})";
    }
    if (!"MLdHhmsS".includes(run[0])) throw new Error(`util.time with the format letter ${run[0]} is not implemented by localcloud`);
    return run.length === 1 ? "(\\d{1,2})" : `(\\d{${run.length}})`;
  }
  function monthOf(text, run) {
    return run.length < 3 ? Number(text) - 1 : MONTHS.findIndex((name) => name.slice(0, 3) === text.slice(0, 3));
  }
  function parse(text, pattern, zone) {
    const parts = runs(pattern);
    const shape = parts.map((run) => (/[A-Za-z]/.test(run[0]) ? fieldPattern(run) : literal(run).replace(ESCAPED, "\\$&"))).join("");
    const match = new RegExp(`^${shape}$`).exec(text);
    if (!match) throw new Error(`util.time: ${text} does not have the format ${pattern}`);
    const at = { year: 1970, month: 0, day: 1, hour: 0, minute: 0, second: 0, milli: 0, pm: null, offset: offsetMinutes(zone) };
    parts
      .filter((run) => /[A-Za-z]/.test(run[0]))
      .forEach((run, index) => {
        const value = match[index + 1];
        if ("yu".includes(run[0])) at.year = run.length === 2 ? 2000 + Number(value) : Number(value);
        else if ("ML".includes(run[0])) at.month = monthOf(value, run);
        else if (run[0] === "d") at.day = Number(value);
        else if ("Hh".includes(run[0])) at.hour = Number(value);
        else if (run[0] === "m") at.minute = Number(value);
        else if (run[0] === "s") at.second = Number(value);
        else if (run[0] === "S") at.milli = Math.trunc(Number(`0.${value}`) * 1000);
        else if (run[0] === "a") at.pm = value.toUpperCase() === "PM";
        else if ("XxZ".includes(run[0])) at.offset = offsetMinutes(value);
      });
    if (at.pm !== null) at.hour = (at.hour % 12) + (at.pm ? 12 : 0);
    return Date.UTC(at.year, at.month, at.day, at.hour, at.minute, at.second, at.milli) - at.offset * MINUTE;
  }

  function parseISO8601(text) {
    const milliseconds = Date.parse(text);
    if (Number.isNaN(milliseconds)) throw new Error(`util.time: ${text} is not an ISO 8601 timestamp`);
    return milliseconds;
  }

  util.time = {
    nowISO8601: () => new Date().toISOString(),
    nowEpochSeconds: () => Math.floor(state.now / 1000),
    nowEpochMilliSeconds: () => state.now,
    nowFormatted: (pattern, zone) => format(state.now, pattern, zone),
    parseFormattedToEpochMilliSeconds: parse,
    parseISO8601ToEpochMilliSeconds: parseISO8601,
    epochMilliSecondsToSeconds: (milliseconds) => Math.floor(milliseconds / 1000),
    epochMilliSecondsToISO8601: (milliseconds) => new Date(milliseconds).toISOString(),
    epochMilliSecondsToFormatted: format,
  };
})();
