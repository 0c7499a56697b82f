/* The fields of a card: what is wrong with them, how they are written, and what they say. */
const fields = Object.fromEntries(["number", "expiry", "cvc", "postal"].map((id) => [id, document.getElementById(id)]));

export const digits = (text) => text.replace(/\D/g, "");

const passesLuhn = (number) =>
  [...number].reverse().reduce((sum, digit, place) => {
    const value = Number(digit) * (place % 2 ? 2 : 1);
    return sum + (value > 9 ? value - 9 : value);
  }, 0) % 10 === 0;

const expiry = () => {
  const text = digits(fields.expiry.value);
  const year = text.slice(2);
  return { month: Number(text.slice(0, 2)), year: year.length === 4 ? Number(year) : 2000 + Number(year), complete: text.length === 4 || text.length === 6 };
};

export const card = {
  words: "Card",
  ids: ["number", "expiry", "cvc"],

  /** What is wrong with each field; the checks the simulator makes again. */
  problems() {
    const number = digits(fields.number.value);
    const date = expiry();
    const now = new Date();
    const cvcLength = /^3[47]/.test(number) ? 4 : 3;
    const found = {};
    if (number.length < 14) found.number = ["incomplete_number", "Your card number is incomplete."];
    else if (!passesLuhn(number)) found.number = ["invalid_number", "Your card number is invalid."];
    if (!date.complete) found.expiry = ["incomplete_expiry", "Your card's expiration date is incomplete."];
    else if (date.month < 1 || date.month > 12) found.expiry = ["invalid_expiry_month", "Your card's expiration month is invalid."];
    else if (date.year < now.getFullYear() || (date.year === now.getFullYear() && date.month < now.getMonth() + 1)) {
      found.expiry = ["invalid_expiry_year_past", "Your card's expiration year is in the past."];
    }
    if (digits(fields.cvc.value).length < cvcLength) found.cvc = ["incomplete_cvc", "Your card's security code is incomplete."];
    return found;
  },

  layOut(input) {
    if (input === fields.number) {
      input.value = digits(input.value).slice(0, 19).replace(/(\d{4})(?=\d)/g, "$1 ");
    } else if (input === fields.expiry && !/[/]/.test(input.value)) {
      let text = digits(input.value);
      if (/^[2-9]$/.test(text)) text = `0${text}`;
      if (text.length > 2) input.value = `${text.slice(0, 2)} / ${text.slice(2, 6)}`;
    } else if (input === fields.cvc) {
      input.value = digits(input.value).slice(0, 4);
    }
  },

  /** As POST /v1/payment_methods takes it. */
  method(billing) {
    const date = expiry();
    const typed = { number: digits(fields.number.value), exp_month: date.month, exp_year: date.year, cvc: fields.cvc.value };
    const details = { ...billing };
    if (fields.postal.value) details.address = { ...details.address, postal_code: fields.postal.value };
    return { type: "card", card: typed, billing_details: details };
  },
};
