package qliktest

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"testing"
	"time"
)

// The example of MS-NLMP 4.2.4: user "User" of "Domain" with password "Password".
var (
	specNonce  = [8]byte{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}
	specKey    = "0c868a403bfd7a93a3001ef22ef02e3f" // NTOWFv2
	specProof  = "68cd0ab851e51c96aabc927bebef6a1c" // NTProofStr
	specTarget = func() []byte {
		var b []byte
		for _, p := range []struct {
			id   uint16
			text string
		}{{avDomainName, "Domain"}, {avComputerName, "Server"}, {avEnd, ""}} {
			b = binary.LittleEndian.AppendUint16(b, p.id)
			b = binary.LittleEndian.AppendUint16(b, uint16(2*len(p.text)))
			b = append(b, utf16Bytes(p.text)...)
		}
		return b
	}()
)

// specResponse is the NTLMv2 response of the example, with the proof of the specification.
func specResponse(t *testing.T) []byte {
	t.Helper()
	proof, err := hex.DecodeString(specProof)
	if err != nil {
		t.Fatal(err)
	}
	r := append(proof, 1, 1, 0, 0, 0, 0, 0, 0)
	r = append(r, make([]byte, 8)...)               // time 0
	r = append(r, bytes.Repeat([]byte{0xaa}, 8)...) // the client's nonce
	r = append(r, 0, 0, 0, 0)
	return append(append(r, specTarget...), 0, 0, 0, 0)
}

func TestTheProofIsThatOfTheSpecification(t *testing.T) {
	t.Parallel()
	if got := hex.EncodeToString(ntlmKey("Password", "User", "Domain")); got != specKey {
		t.Errorf("NTOWFv2 %s, want %s", got, specKey)
	}
	l := ntlmLogin{user: "User", domain: "Domain", response: specResponse(t)}
	c := &challenge{nonce: specNonce}
	if !l.proves("Password", c) {
		t.Error("the specification's own proof is refused")
	}
	other := &challenge{nonce: [8]byte{1}}
	if l.proves("password", c) || l.proves("", c) || l.proves("Password", other) {
		t.Error("another password or another challenge is accepted")
	}
}

// message3 builds a third message with 88 bytes of header.
func message3(domain, user string, response []byte) []byte {
	m := bytes.Clone(ntlmSignature)
	m = binary.LittleEndian.AppendUint32(m, 3)
	const header = 88
	m = appendField(m, 0, header)
	m = appendField(m, len(response), header)
	m = appendField(m, 2*len(domain), header+len(response))
	m = appendField(m, 2*len(user), header+len(response)+2*len(domain))
	m = appendField(m, 0, header)
	m = appendField(m, 0, header)
	m = binary.LittleEndian.AppendUint32(m, ntlmUnicode|ntlmNTLM)
	m = append(m, make([]byte, 8+16)...) // version and checksum
	m = append(m, response...)
	return append(append(m, utf16Bytes(domain)...), utf16Bytes(user)...)
}

// response makes an NTLMv2 response as a client would.
func response(password, user, domain string, c *challenge, pairs []byte) []byte {
	rest := append([]byte{1, 1}, make([]byte, 26)...)
	rest = append(append(rest, pairs...), 0, 0, 0, 0)
	return append(hmacMD5(ntlmKey(password, user, domain), c.nonce[:], rest), rest...)
}

func TestAChecksumThatIsAnnouncedMustBeRight(t *testing.T) {
	t.Parallel()
	negotiate := binary.LittleEndian.AppendUint32(bytes.Clone(ntlmSignature), 1)
	negotiate = binary.LittleEndian.AppendUint32(negotiate, ntlmUnicode|ntlmNTLM)
	c, err := newChallenge(negotiate, "ACME", "sense.acme.example", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pairs := []byte{avFlags, 0, 4, 0, avHasMIC, 0, 0, 0, avEnd, 0, 0, 0}
	m := message3("ACME", "ann", response("geheim", "ann", "ACME", c, pairs))
	l, err := readLogin(m)
	if err != nil {
		t.Fatal(err)
	}
	if l.user != "ann" || l.domain != "ACME" {
		t.Errorf("read %q of %q", l.user, l.domain)
	}
	if l.proves("geheim", c) {
		t.Error("a message without its checksum is accepted")
	}
	key := hmacMD5(ntlmKey("geheim", "ann", "ACME"), l.response[:16])
	copy(m[72:], hmacMD5(key, c.negotiate, c.message, m))
	if !l.proves("geheim", c) {
		t.Error("a right checksum is refused")
	}
}

func TestMalformedMessagesAreRefused(t *testing.T) {
	t.Parallel()
	c := &challenge{nonce: specNonce}
	good := message3("ACME", "ann", response("geheim", "ann", "ACME", c, []byte{0, 0, 0, 0}))
	change := func(at int, to ...byte) []byte { m := bytes.Clone(good); copy(m[at:], to); return m }
	for name, m := range map[string][]byte{
		"empty":              nil,
		"cut":                good[:60],
		"another signature":  change(0, 'X'),
		"another type":       change(8, 1),
		"a part outside":     change(24, 0xff, 0xff, 0xff, 0xff),
		"a part too long":    change(28, 0xff, 0xff),
		"NTLMv1, 24 bytes":   message3("ACME", "ann", make([]byte, 24)),
		"anonymous":          message3("", "", good[88:140]),
		"a later version":    message3("ACME", "ann", append(make([]byte, 16), append([]byte{2, 2}, make([]byte, 40)...)...)),
		"no response at all": message3("ACME", "ann", nil),
	} {
		if _, err := readLogin(m); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if l, err := readLogin(good); err != nil || !l.proves("geheim", c) {
		t.Errorf("the good one: %v", err)
	}
	for name, m := range map[string][]byte{"empty": nil, "third": good, "no NTLM": append(append(bytes.Clone(ntlmSignature), 1, 0, 0, 0), 3, 0, 0, 0), "no alphabet": append(append(bytes.Clone(ntlmSignature), 1, 0, 0, 0), 0, 2, 0, 0)} {
		if _, err := newChallenge(m, "ACME", "sense", time.Now()); err == nil {
			t.Errorf("challenge for %s", name)
		}
	}
}

func FuzzReadLogin(f *testing.F) {
	c := &challenge{nonce: specNonce}
	f.Add(message3("ACME", "ann", response("geheim", "ann", "ACME", c, []byte{avFlags, 0, 4, 0, avHasMIC, 0, 0, 0})))
	f.Fuzz(func(_ *testing.T, m []byte) {
		if l, err := readLogin(m); err == nil {
			l.proves("geheim", c)
		}
	})
}
