package qrs

import (
	"context"
	"net/url"
)

// Metadata is an app's data model as stored at its last reload (facts B.9). Members that are false,
// 0 or empty may be missing on the wire.
type Metadata struct {
	StaticByteSize   int64           `json:"static_byte_size"`
	HasSectionAccess bool            `json:"has_section_access"`
	IsDirectQuery    bool            `json:"is_direct_query_mode"`
	Usage            string          `json:"usage"`
	Reload           ReloadMeta      `json:"reload_meta"`
	Fields           []MetadataField `json:"fields"`
	Tables           []MetadataTable `json:"tables"`
}

// ReloadMeta is what the last reload cost the server.
type ReloadMeta struct {
	CPUTimeSpentMS  int64 `json:"cpu_time_spent_ms"`
	PeakMemoryBytes int64 `json:"peak_memory_bytes"`
}

// A MetadataField is a field of the data model.
type MetadataField struct {
	Name         string   `json:"name"`
	SrcTables    []string `json:"src_tables"`
	IsSystem     bool     `json:"is_system"`
	IsHidden     bool     `json:"is_hidden"`
	IsSemantic   bool     `json:"is_semantic"`
	DistinctOnly bool     `json:"distinct_only"`
	Cardinal     int64    `json:"cardinal"`
	TotalCount   int64    `json:"total_count"` // 0 for a key
	IsLocked     bool     `json:"is_locked"`
	AlwaysOne    bool     `json:"always_one_selected"`
	IsNumeric    bool     `json:"is_numeric"`
	Comment      string   `json:"comment"`
	Tags         []string `json:"tags"`
	ByteSize     int64    `json:"byte_size"`
	Hash         string   `json:"hash"`
}

// A MetadataTable is a table of the data model.
type MetadataTable struct {
	Name       string `json:"name"`
	IsSystem   bool   `json:"is_system"`
	IsSemantic bool   `json:"is_semantic"`
	IsLoose    bool   `json:"is_loose"`
	NoOfRows   int64  `json:"no_of_rows"`
	NoOfFields int64  `json:"no_of_fields"`
	NoOfKeys   int64  `json:"no_of_key_fields"`
	Comment    string `json:"comment"`
	ByteSize   int64  `json:"byte_size"`
}

// A LineageItem is one line of an app's stored lineage (facts C.9); either member may be "".
type LineageItem struct {
	Discriminator string `json:"discriminator"`
	Statement     string `json:"statement"`
}

// DataMetadata reads an app's data model without opening the app. An app that was never reloaded on
// this server is a NotFound error.
func (c *Client) DataMetadata(ctx context.Context, appID string) (*Metadata, error) {
	var out Metadata
	if err := c.appData(ctx, "read data model", appID, "metadata", &out); err != nil {
		return nil, err
	}
	return &out, nil
}

// DataLineage reads what an app's last reload read and wrote, without opening the app.
func (c *Client) DataLineage(ctx context.Context, appID string) ([]LineageItem, error) {
	var out []LineageItem
	if err := c.appData(ctx, "read lineage", appID, "lineage", &out); err != nil {
		return nil, err
	}
	return out, nil
}

// appDataTries is how often Qlik's own monitor asks when the answer isn't JSON (facts B.9).
const appDataTries = 3

func (c *Client) appData(ctx context.Context, op, appID, what string, into any) error {
	k := call{op: op, path: "/api/v1/apps/" + url.PathEscape(appID) + "/data/" + what}
	var err error
	for range appDataTries {
		err = c.json(ctx, k, into)
		if kind := KindOf(err); kind != NotQlik && kind != BadAnswer {
			return err
		}
	}
	return err
}
