"""The unit of work of notifications: one transaction with its repositories."""

from typing import Self

from services.notifications.adapters.invoices import SqlInvoices
from services.notifications.adapters.mails import SqlMails
from services.notifications.adapters.people import SqlContacts, SqlSenders
from services.notifications.use_cases.ports import Contacts, Invoices, Mails, Senders
from shared.db.unit_of_work import SqlUnitOfWork


class Work(SqlUnitOfWork):
    """Repositories live as long as the transaction."""

    contacts: Contacts
    senders: Senders
    invoices: Invoices
    mails: Mails

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.contacts = SqlContacts(self.connection)
        self.senders = SqlSenders(self.connection)
        self.invoices = SqlInvoices(self.connection)
        self.mails = SqlMails(self.connection)
        return self
