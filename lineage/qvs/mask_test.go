package qvs

import (
	"strings"
	"testing"
)

// TestACutLeavesNoHalfOfASecret has statements that are too long end everywhere in what holds a secret.
func TestACutLeavesNoHalfOfASecret(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{
		"https://reader:hunter2-and-more@files.example.com/a.csv",
		"Password is 'hunter2-and-more'; x",
		"pwd=hunter2-and-more;x",
		`QUERY "key" "hunter2-and-more" x`,
	} {
		for cut := strings.Index(secret, "hunter2"); cut < len(secret); cut += 3 {
			pad := strings.Repeat("a ", maxStatement/2)[:maxStatement-cut-1] + " "
			r := run("", Options{})
			for _, kept := range []string{r.keepText(pad + secret), short2(pad + secret)} {
				if end := strings.TrimLeft(kept, "a "); strings.Contains(end, "hunt") {
					t.Errorf("cut after %d of %q: kept …%s", cut, secret, end)
				}
			}
		}
	}
}
