"""One person across messengers: proving, joining, parting, going on elsewhere; and what may be known of them."""
