package expr

import "testing"

func TestAPrintedExpressionIsCanonical(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"=Sum([Net Amount])/Count(DISTINCT [Order ID])": "Sum([Net Amount]) / Count(DISTINCT [Order ID])",
		`Sum( {<[a]]b]={1}>} [Total [EUR]]])`:           `Sum({<[a]]b]={1}>} [Total [EUR]]])`,
	} {
		n, ds := Parse(in)
		if len(ds) > 0 {
			t.Errorf("%s: %v", in, ds)
		}
		if got := n.String(); got != want {
			t.Errorf("%s prints as %s, want %s", in, got, want)
		}
	}
}
