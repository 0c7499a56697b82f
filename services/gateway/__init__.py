"""The one public API and the Billing page: authenticates, authorises, composes. Holds no business rule."""
