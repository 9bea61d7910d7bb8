package jwttool

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Refusals says, in sentences, why a virtual proxy would refuse the token at the given time (facts A.5);
// none means that nothing in the token itself speaks against it. Whether the signature fits the
// certificate in the QMC can't be seen from here.
// The names of the two user claims are settings of the virtual proxy and compared with case; "" means
// userid and userdirectory, in any case.
func (t Token) Refusals(now time.Time, userIDClaim, userDirectoryClaim string) []string {
	var why []string
	say := func(format string, args ...any) { why = append(why, fmt.Sprintf(format, args...)) }
	if !slices.Contains(Algorithms(), t.Algorithm) {
		say("it is signed with %q: a virtual proxy takes %s only", t.Algorithm, strings.Join(Algorithms(), ", "))
	}
	switch {
	case t.Expires.IsZero():
		say("it has no exp claim: sign it with a lifetime")
	case !now.Before(t.Expires):
		say("it expired at %s", t.Expires.UTC().Format(time.RFC3339))
	}
	if now.Before(t.NotBefore) {
		say("it is not valid before %s (nbf): is a clock wrong?", t.NotBefore.UTC().Format(time.RFC3339))
	}
	if now.Before(t.Issued) {
		say("it was issued at %s (iat), which is in the future: is a clock wrong?", t.Issued.UTC().Format(time.RFC3339))
	}
	for _, need := range []struct{ claim, usual, field string }{
		{userIDClaim, "userid", "JWT attribute for user ID"}, {userDirectoryClaim, "userdirectory", "JWT attribute for user directory"},
	} {
		if name, value := t.userClaim(need.claim, need.usual); name == "" {
			say("it has no claim %s: the virtual proxy's field %q must name a claim that the token has, in the same letter case",
				or(need.claim, need.usual), need.field)
		} else if value == "" {
			say("its claim %s is no text, or empty", name)
		}
	}
	return why
}

// userClaim finds a claim by its exact name, or, when none is given, the usual one without case.
func (t Token) userClaim(exact, usual string) (found, value string) {
	for k, v := range t.Claims {
		if k == exact || exact == "" && strings.EqualFold(k, usual) {
			text, _ := v.(string)
			return k, text
		}
	}
	return "", ""
}
