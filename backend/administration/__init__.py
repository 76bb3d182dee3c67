"""What administrators see and change of the people: accounts, their webhooks, and the record of what administrators did."""
