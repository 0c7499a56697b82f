"""Letters to the provider about one of its tenants. They lead to no page: the provider works in its own portal."""

from services.notifications.domain.facts import Dispute, TerminationProposed
from services.notifications.domain.letter import Figure, Formats, Letter
from services.notifications.domain.wording.phrases import Phrases, capital


class ProviderLetters(Phrases):
    """Disputes and the end of the ladder, in the provider's language."""

    def to_provider(self, facts: Dispute | TerminationProposed, tenant: str, formats: Formats) -> Letter:
        if isinstance(facts, Dispute):
            return self._dispute(facts, tenant, formats)
        return self._termination(facts, tenant, formats)

    def _dispute(self, facts: Dispute, tenant: str, formats: Formats) -> Letter:
        t, labels = self.texts, self.texts.labels
        method = self.method(facts.method)
        values = {"tenant": tenant, "amount": formats.money(facts.amount), "method": method}
        said = [t.dispute_said[facts.state].format(**values)]
        if facts.numbers:
            numbers = formats.listed(facts.numbers)
            said.append(t.dispute_invoices[facts.state].of(len(facts.numbers)).format(numbers=numbers))
        said.append(t.dispute_next[facts.state])
        figures = [
            Figure(labels.customer, tenant),
            Figure(labels.amount, values["amount"]),
            Figure(labels.method, capital(method)),
            Figure(labels.date, formats.day_of(facts.at)),
            *(Figure(labels.invoice, number) for number in facts.numbers),
        ]
        if facts.fee:
            figures.append(Figure(labels.fee, formats.money(facts.fee)))
        return Letter(
            t.dispute_subject[facts.state].format(**values),
            t.dispute_heading[facts.state].format(**values),
            tuple(said),
            tuple(figures),
            None,
        )

    def _termination(self, facts: TerminationProposed, tenant: str, formats: Formats) -> Letter:
        t, labels = self.texts, self.texts.labels
        said = [t.termination.format(tenant=tenant)]
        owed = formats.money(facts.owed)
        if facts.invoices:
            oldest = min(invoice.due_on for invoice in facts.invoices)
            values = {
                "numbers": formats.listed(tuple(one.number for one in facts.invoices)),
                "owed": owed,
                "day": formats.day(oldest),
            }
            said.append(t.termination_owed.of(len(facts.invoices)).format(**values))
        said.append(t.termination_next)
        figures = [
            Figure(labels.customer, tenant),
            *self.owed_rows(facts.invoices, formats),
            Figure(labels.amount_due, owed),
            Figure(labels.suspended_since, formats.day(facts.since)),
        ]
        return Letter(
            t.termination_subject.format(tenant=tenant),
            t.termination_heading.format(tenant=tenant),
            tuple(said),
            tuple(figures),
            None,
        )
