package qliktest

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"

	//lint:ignore SA1019 NTLM's password hash is MD4, whatever one thinks of it.
	"golang.org/x/crypto/md4"
)

// The server's half of NTLMv2 (MS-NLMP, the public specification): a challenge for each connection, and the
// proof of the password checked for real. NTLMv1 and LM answers, anonymous ones and empty passwords
// are refused.

// Flags of MS-NLMP 2.2.2.5, as far as the site speaks them.
const (
	ntlmUnicode          = 1 << 0
	ntlmOEM              = 1 << 1
	ntlmRequestTarget    = 1 << 2
	ntlmNTLM             = 1 << 9
	ntlmAlwaysSign       = 1 << 15
	ntlmTargetDomain     = 1 << 16
	ntlmExtendedSecurity = 1 << 19
	ntlmTargetInfo       = 1 << 23
	ntlm128              = 1 << 29
	ntlm56               = 1 << 31
)

// AV pairs of MS-NLMP 2.2.2.1.
const (
	avEnd          = 0
	avComputerName = 1
	avDomainName   = 2
	avComputerDNS  = 3
	avDomainDNS    = 4
	avFlags        = 6
	avTimestamp    = 7
)

// avHasMIC is the bit of avFlags that says that the last message carries a checksum over all three.
const avHasMIC = 2

var (
	ntlmSignature = []byte("NTLMSSP\x00")
	errNTLM       = errors.New("qliktest: malformed NTLM message")
)

// ntlmType is the type of a message, 0 for what is none.
func ntlmType(m []byte) uint32 {
	if len(m) < 12 || !bytes.HasPrefix(m, ntlmSignature) {
		return 0
	}
	return binary.LittleEndian.Uint32(m[8:])
}

// A challenge is what the site asked on one connection, and what it was told before.
type challenge struct {
	negotiate []byte // the client's first message
	message   []byte // the site's answer, the second message
	nonce     [8]byte
}

// newChallenge answers a first message. domain and host are what the site calls itself.
func newChallenge(negotiate []byte, domain, host string, now time.Time) (*challenge, error) {
	if ntlmType(negotiate) != 1 || len(negotiate) < 16 {
		return nil, errNTLM
	}
	offered := binary.LittleEndian.Uint32(negotiate[12:])
	if offered&ntlmNTLM == 0 || offered&(ntlmUnicode|ntlmOEM) == 0 {
		return nil, errNTLM
	}
	c := &challenge{negotiate: bytes.Clone(negotiate)}
	_, _ = rand.Read(c.nonce[:]) // never fails
	name, text := utf16Bytes(domain), uint32(ntlmUnicode)
	if offered&ntlmUnicode == 0 { // curl
		name, text = []byte(domain), ntlmOEM
	}
	info := targetInfo(domain, host, now)
	const header = 56
	const flags uint32 = ntlmRequestTarget | ntlmNTLM | ntlmAlwaysSign | ntlmTargetDomain |
		ntlmExtendedSecurity | ntlmTargetInfo | ntlm128 | ntlm56
	m := bytes.Clone(ntlmSignature)
	m = binary.LittleEndian.AppendUint32(m, 2)
	m = appendField(m, len(name), header)
	m = binary.LittleEndian.AppendUint32(m, flags|text)
	m = append(m, c.nonce[:]...)
	m = append(m, make([]byte, 8)...)
	m = appendField(m, len(info), header+len(name))
	m = append(m, 10, 0, 0x63, 0x45, 0, 0, 0, 15) // version: Windows Server 2016, NTLM revision 15
	c.message = append(append(m, name...), info...)
	return c, nil
}

// targetInfo are the AV pairs of the challenge, which the client's proof covers.
func targetInfo(domain, host string, now time.Time) []byte {
	var b []byte
	add := func(id uint16, value []byte) {
		b = binary.LittleEndian.AppendUint16(b, id)
		b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
		b = append(b, value...)
	}
	computer, _, _ := strings.Cut(host, ".")
	add(avDomainName, utf16Bytes(domain))
	add(avComputerName, utf16Bytes(strings.ToUpper(computer)))
	add(avDomainDNS, utf16Bytes(strings.ToLower(domain)+".example"))
	add(avComputerDNS, utf16Bytes(host))
	const epoch = 116444736000000000 // 1970 in units of 100 ns since 1601
	add(avTimestamp, binary.LittleEndian.AppendUint64(nil, uint64(now.UnixNano()/100)+epoch))
	add(avEnd, nil)
	return b
}

// An ntlmLogin is a third message: who says to be whom, and the proof.
type ntlmLogin struct {
	user, domain string
	response     []byte // NTLMv2: 16 bytes of proof, then what it was made over
	message      []byte
}

// readLogin reads a third message.
func readLogin(m []byte) (ntlmLogin, error) {
	if ntlmType(m) != 3 || len(m) < 64 {
		return ntlmLogin{}, errNTLM
	}
	l := ntlmLogin{message: m}
	var domain, user []byte
	for _, f := range []struct {
		at   int
		into *[]byte
	}{{20, &l.response}, {28, &domain}, {36, &user}} {
		length, offset := int(binary.LittleEndian.Uint16(m[f.at:])), int(binary.LittleEndian.Uint32(m[f.at+4:]))
		if offset > len(m) || length > len(m)-offset {
			return ntlmLogin{}, errNTLM
		}
		*f.into = m[offset : offset+length]
	}
	l.user, l.domain = string(user), string(domain)
	if binary.LittleEndian.Uint32(m[60:])&ntlmUnicode != 0 {
		l.user, l.domain = utf16Text(user), utf16Text(domain)
	}
	if l.user == "" {
		return ntlmLogin{}, fmt.Errorf("%w: anonymous", errNTLM)
	}
	// The proof, then version 1.1, zeros, time, nonce, zeros, and AV pairs (MS-NLMP 2.2.2.7).
	if r := l.response; len(r) < 16+28+4 || r[16] != 1 || r[17] != 1 {
		return ntlmLogin{}, fmt.Errorf("%w: not NTLMv2", errNTLM)
	}
	return l, nil
}

// proves reports whether the message was made with the password and for this challenge.
func (l ntlmLogin) proves(password string, c *challenge) bool {
	if password == "" {
		return false
	}
	key := ntlmKey(password, l.user, l.domain)
	proof, rest := l.response[:16], l.response[16:]
	if !hmac.Equal(proof, hmacMD5(key, c.nonce[:], rest)) {
		return false
	}
	return l.checksumOK(hmacMD5(key, proof), c)
}

// checksumOK verifies the checksum over all three messages when the client says that there is one. The site
// never asks for a key exchange, so the session's key is the base key.
func (l ntlmLogin) checksumOK(sessionKey []byte, c *challenge) bool {
	const at, size = 72, 16
	flags := avPair(l.response[16+28:], avFlags)
	if len(flags) != 4 || binary.LittleEndian.Uint32(flags)&avHasMIC == 0 {
		return true
	}
	if len(l.message) < at+size {
		return false
	}
	blank := bytes.Clone(l.message)
	clear(blank[at : at+size])
	return hmac.Equal(l.message[at:at+size], hmacMD5(sessionKey, c.negotiate, c.message, blank))
}

// avPair finds a value among AV pairs; nil when it isn't there.
func avPair(pairs []byte, id uint16) []byte {
	for len(pairs) >= 4 {
		found, length := binary.LittleEndian.Uint16(pairs), int(binary.LittleEndian.Uint16(pairs[2:]))
		pairs = pairs[4:]
		if found == avEnd || length > len(pairs) {
			return nil
		}
		if found == id {
			return pairs[:length]
		}
		pairs = pairs[length:]
	}
	return nil
}

// ntlmKey is NTOWFv2 (MS-NLMP 3.3.2): the domain counts as the client wrote it, the user in upper case.
func ntlmKey(password, user, domain string) []byte {
	h := md4.New()
	h.Write(utf16Bytes(password))
	return hmacMD5(h.Sum(nil), utf16Bytes(strings.ToUpper(user)+domain))
}

func hmacMD5(key []byte, data ...[]byte) []byte {
	h := hmac.New(md5.New, key)
	for _, d := range data {
		h.Write(d)
	}
	return h.Sum(nil)
}

// appendField appends the length, the space and the place of a part of a message.
func appendField(m []byte, length, offset int) []byte {
	m = binary.LittleEndian.AppendUint16(m, uint16(length))
	m = binary.LittleEndian.AppendUint16(m, uint16(length))
	return binary.LittleEndian.AppendUint32(m, uint32(offset))
}

func utf16Bytes(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func utf16Text(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
