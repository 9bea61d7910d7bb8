package qliktest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// EveryoneStreamID is the id of the stream "Everyone", the same on all sites (facts B.2).
const EveryoneStreamID = "aaec8d41-5201-43ab-809f-3063750dfafd"

// DeriveID makes a GUID of texts: the same texts always give the same GUID. Sites that are made
// of files or seeds use it, so that a thing keeps its id from one run to the next.
func DeriveID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	sum[6] = sum[6]&0x0f | 0x50 // version 5: made of a name
	sum[8] = sum[8]&0x3f | 0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// HashTree is a content hash for an object's row in the Repository: it changes when the object's
// properties or its children's do (facts B.2, contentHash).
func HashTree(t Tree) string {
	h := sha256.New()
	// A Tree always encodes: it holds raw JSON that was decoded before, and a hash never fails.
	if err := json.NewEncoder(h).Encode(t); err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil)[:24])
}
