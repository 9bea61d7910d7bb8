package jwttool

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// MinBits is the smallest key that NewKeyPair makes.
const MinBits = 2048

// A KeyPair is a private key, and the certificate that goes into the virtual proxy's field "JWT
// certificate" (facts A.5), both in PEM.
type KeyPair struct {
	PrivateKey  []byte // PKCS #8; keep it to yourself
	Certificate []byte // X.509, self-signed: paste it into the QMC
	Expires     time.Time
}

// NewKeyPair makes a key pair whose certificate is valid from a day before now, since servers' clocks
// are off, for lifetime.
func NewKeyPair(bits int, lifetime time.Duration, now time.Time) (KeyPair, error) {
	if bits < MinBits {
		return KeyPair{}, fmt.Errorf("a key of %d bits is too short: want %d or more", bits, MinBits)
	}
	if lifetime <= 0 {
		return KeyPair{}, fmt.Errorf("a certificate's lifetime of %v is none", lifetime)
	}
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return KeyPair{}, fmt.Errorf("make an RSA key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return KeyPair{}, fmt.Errorf("make a serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "qlikcrawler JWT"},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(lifetime),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return KeyPair{}, fmt.Errorf("make the certificate: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return KeyPair{}, fmt.Errorf("write the private key: %w", err)
	}
	return KeyPair{
		PrivateKey:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Expires:     template.NotAfter,
	}, nil
}
