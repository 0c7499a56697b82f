/* The fields of bank accounts. A US account is taken from the test bank at once, where Stripe.js opens Financial
 * Connections, or typed and then verified by a small deposit; an IBAN needs neither. */
import { digits } from "./card_fields.js";

const field = (id) => document.getElementById(id);
const TYPED = "typed";
/* Stripe's test accounts (https://docs.stripe.com/payments/ach-direct-debit); the simulator knows no others. */
const ACCOUNTS = [
  ["000123456789", "Test Institution, account 6789: debits succeed"],
  ["000222222227", "Test Institution, account 2227: too little money"],
  ["000111111113", "Test Institution, account 1113: closed"],
  ["000111111116", "Test Institution, account 1116: not found"],
  ["000333333335", "Test Institution, account 3335: debits not authorized"],
  ["000555555559", "Test Institution, account 5559: debits come back"],
  ["000000000009", "Test Institution, account 0009: debits stay in process"],
  [TYPED, "Enter the account's details instead"],
];
field("bank").replaceChildren(...ACCOUNTS.map(([value, words]) => new Option(words, value)));

const isTyped = () => field("bank").value === TYPED;
const showTyped = () => document.querySelectorAll(".typed").forEach((node) => { node.hidden = !isTyped(); });
field("bank").addEventListener("change", showTyped);
showTyped();

/** The check digits of a US routing number and of an IBAN (ISO 13616). */
const passesRouting = (text) => [...text].reduce((sum, digit, place) => sum + Number(digit) * [3, 7, 1][place % 3], 0) % 10 === 0;
const passesIban = (text) => {
  const moved = text.slice(4) + text.slice(0, 4);
  return [...moved].reduce((rest, sign) => {
    const value = parseInt(sign, 36);
    return (rest * (value > 9 ? 100 : 10) + value) % 97;
  }, 0) === 1;
};

const named = (id, found) => {
  if (field(id).value.trim().length < 3) found[id] = ["incomplete_name", "Enter the name of the account's holder."];
};

export const usBankAccount = {
  words: "US bank account",
  get ids() { return isTyped() ? ["holder", "routing", "account"] : ["holder"]; },

  problems() {
    const found = {};
    named("holder", found);
    if (!isTyped()) return found;
    const routing = field("routing").value;
    if (routing.length !== 9) found.routing = ["incomplete_routing_number", "Your routing number is incomplete."];
    else if (!passesRouting(routing)) found.routing = ["invalid_routing_number", "Your routing number is invalid."];
    if (field("account").value.length < 4) found.account = ["incomplete_account_number", "Your account number is incomplete."];
    return found;
  },

  layOut(input) {
    if (["routing", "account"].includes(input.id)) input.value = digits(input.value);
  },

  method(billing) {
    const typed = { account_holder_type: "individual", routing_number: field("routing").value, account_number: field("account").value };
    const bank = isTyped() ? typed : { financial_connections_account: `fca_${field("bank").value}` };
    return { type: "us_bank_account", us_bank_account: bank, billing_details: { ...billing, name: field("holder").value.trim() } };
  },
};

export const sepaDebit = {
  words: "SEPA Direct Debit",
  ids: ["debtor", "iban"],

  problems() {
    const found = {};
    named("debtor", found);
    const iban = field("iban").value.replace(/\s/g, "");
    if (iban.length < 15) found.iban = ["incomplete_iban", "Your IBAN is incomplete."];
    else if (!/^[A-Z]{2}\d{2}[A-Z0-9]+$/.test(iban) || !passesIban(iban)) found.iban = ["invalid_iban", "Your IBAN is invalid."];
    return found;
  },

  layOut(input) {
    if (input.id === "iban") input.value = input.value.toUpperCase().replace(/[^A-Z0-9]/g, "").replace(/(.{4})(?=.)/g, "$1 ");
  },

  method(billing) {
    return { type: "sepa_debit", sepa_debit: { iban: field("iban").value.replace(/\s/g, "") }, billing_details: { ...billing, name: field("debtor").value.trim() } };
  },
};
