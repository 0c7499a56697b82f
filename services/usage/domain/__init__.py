"""Pure rules of metering: no database, no clock, plain data in and out."""
