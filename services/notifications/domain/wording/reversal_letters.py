"""Letters about money that went another way than was said: plans that end, refunds and debits that come back."""

from services.notifications.domain.facts import DebitReturned, PlanEnded, RefundFailed
from services.notifications.domain.letter import Figure, Formats, Letter
from services.notifications.domain.wording.phrases import Phrases, capital
from shared.money import total


class ReversalLetters(Phrases):
    """Ended plans, failed refunds and returned debits in one language."""

    def reversal(
        self, facts: PlanEnded | RefundFailed | DebitReturned, provider: str, formats: Formats
    ) -> Letter:
        match facts:
            case PlanEnded():
                return self._plan_ended(facts, provider, formats)
            case RefundFailed():
                return self._refund_failed(facts, provider, formats)
            case DebitReturned():
                return self._returned(facts, provider, formats)

    def _plan_ended(self, facts: PlanEnded, provider: str, formats: Formats) -> Letter:
        t, owed = self.texts, formats.money(facts.owed)
        invoices = [Figure(t.labels.invoice, number) for number in facts.numbers]
        if facts.why == "kept":
            return Letter(
                t.kept_subject,
                t.kept_subject,
                (t.kept.format(owed=owed),),
                (*invoices, Figure(t.labels.paid, owed)),
                t.buttons.view_history,
            )
        said = [t.cancelled.format(provider=provider)]
        if facts.owed:
            said.append(t.cancelled_rest.format(owed=owed, provider=provider))
        return Letter(
            t.cancelled_heading,
            t.cancelled_heading,
            tuple(said),
            (*invoices, Figure(t.labels.amount_due, owed)),
            t.buttons.pay_now if facts.owed else t.buttons.open_billing,
        )

    def _refund_failed(self, facts: RefundFailed, provider: str, formats: Formats) -> Letter:
        t, amount = self.texts, formats.money(facts.amount)
        subject = t.refund_failed_subject.format(amount=amount)
        return Letter(
            subject,
            subject,
            (
                t.refund_failed.format(provider=provider, amount=amount),
                t.refund_failed_credit.format(provider=provider),
            ),
            (Figure(t.labels.account_credit, amount), Figure(t.labels.date, formats.day_of(facts.at))),
            t.buttons.open_billing,
        )

    def _returned(self, facts: DebitReturned, provider: str, formats: Formats) -> Letter:
        t, labels = self.texts, self.texts.labels
        amount, method = formats.money(facts.amount), self.method(facts.method)
        said = [t.returned.format(amount=amount, method=method)]
        figures = [
            Figure(labels.returned, amount),
            Figure(labels.date, formats.day_of(facts.at)),
            Figure(labels.method, capital(method)),
            *self.owed_rows(facts.invoices, formats),
        ]
        if facts.invoices:
            owed = formats.money(total((one.balance for one in facts.invoices), facts.amount.currency))
            numbers = formats.listed(tuple(one.number for one in facts.invoices))
            said.append(t.returned_open.of(len(facts.invoices)).format(numbers=numbers, owed=owed))
            said.append(t.returned_next.format(provider=provider))
            figures.append(Figure(labels.amount_due, owed))
        subject = t.returned_subject.format(amount=amount)
        button = t.buttons.pay_now if facts.invoices else t.buttons.open_billing
        return Letter(subject, subject, tuple(said), tuple(figures), button)
