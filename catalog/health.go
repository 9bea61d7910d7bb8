package catalog

// A HealthResult is what a light check of a connection found.
type HealthResult struct {
	Reason string // why it is red, in a sentence with what to do; "": it is green
	// Halt says that the login was refused: trying it again with the same settings could lock the account.
	Halt bool
}
