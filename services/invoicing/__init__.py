"""Invoicing: providers, plans, tenants, periods, invoices, account credit, test clocks."""
