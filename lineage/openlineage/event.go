// Package openlineage turns the lineage that the catalog has into events of OpenLineage (openlineage.io,
// specification 2-0-2), which Marquez, DataHub and others read.
//
// An app's reload is a job that reads datasets and writes others: the files it stores, and the app itself,
// whose columns are the fields of its data model. Each sheet is a job that reads the app and makes a dataset
// of each chart, whose columns are the chart's measures and dimensions. Datasets outside of Qlik have the
// names that OpenLineage gives them, so that two apps meet in a QVD, and with what other tools say of a
// database.
//
// The package does no I/O.
package openlineage

import (
	"crypto/sha1" // a name-based UUID is made of it (RFC 9562 §5.5); it protects nothing
	"encoding/hex"
	"time"
)

// An Event says that a job ran, what it read and what it wrote.
type Event struct {
	EventType string    `json:"eventType"` // START or COMPLETE
	EventTime time.Time `json:"eventTime"`
	Run       Run       `json:"run"`
	Job       Job       `json:"job"`
	Inputs    []Dataset `json:"inputs"`
	Outputs   []Dataset `json:"outputs"`
	Producer  string    `json:"producer"`
	SchemaURL string    `json:"schemaURL"`
}

// The types of events that are made: a run is told of once it is complete.
const (
	Start    = "START"
	Complete = "COMPLETE"
)

// A Run is one run of a job.
type Run struct {
	RunID string `json:"runId"`
}

// A Job reads and writes datasets.
type Job struct {
	Namespace string         `json:"namespace"`
	Name      string         `json:"name"`
	Facets    map[string]any `json:"facets,omitempty"`
}

// A Dataset is a table, a file, an app or a chart.
type Dataset struct {
	Namespace string         `json:"namespace"`
	Name      string         `json:"name"`
	Facets    map[string]any `json:"facets,omitempty"`
}

// Facet is what every facet begins with.
type Facet struct {
	Producer  string `json:"_producer"`
	SchemaURL string `json:"_schemaURL"`
}

// ColumnLineage says where the columns of a dataset come from.
type ColumnLineage struct {
	Facet
	Fields  map[string]Field `json:"fields"`
	Dataset []InputField     `json:"dataset,omitempty"` // what decides about its rows: filters, join keys, groups
}

// A Field is a column of an output.
type Field struct {
	InputFields []InputField `json:"inputFields"`
}

// An InputField is a column of an input.
type InputField struct {
	Namespace       string           `json:"namespace"`
	Name            string           `json:"name"`
	Field           string           `json:"field"`
	Transformations []Transformation `json:"transformations"`
}

// A Transformation says how an input becomes an output.
type Transformation struct {
	Type        string `json:"type"` // DIRECT: values flow; INDIRECT: they decide which do
	Subtype     string `json:"subtype,omitempty"`
	Description string `json:"description,omitempty"`
}

// Schema names the columns of a dataset, as far as lineage knows them.
type Schema struct {
	Facet
	Fields []SchemaField `json:"fields"`
}

// A SchemaField is a column.
type SchemaField struct {
	Name string `json:"name"`
}

// JobType says what kind of job it is.
type JobType struct {
	Facet
	ProcessingType string `json:"processingType"`
	Integration    string `json:"integration"`
	JobType        string `json:"jobType"`
}

// DatasetType says what kind of dataset it is.
type DatasetType struct {
	Facet
	DatasetType string `json:"datasetType"`
	SubType     string `json:"subType,omitempty"`
}

// Documentation is what people call it and say of it.
type Documentation struct {
	Facet
	Description string `json:"description"`
}

// Ownership names who owns a job.
type Ownership struct {
	Facet
	Owners []Owner `json:"owners"`
}

// An Owner is a person.
type Owner struct {
	Name string `json:"name"`
}

// SourceCode is the load script.
type SourceCode struct {
	Facet
	Language   string `json:"language"`
	SourceCode string `json:"sourceCode"`
}

// Where the specification keeps its schemas.
const (
	spec     = "https://openlineage.io/spec/"
	facets   = spec + "facets/"
	runEvent = spec + "2-0-2/OpenLineage.json#/$defs/RunEvent"

	columnLineageSchema = facets + "1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet"
	schemaSchema        = facets + "1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet"
	datasetTypeSchema   = facets + "1-0-1/DatasetTypeDatasetFacet.json#/$defs/DatasetTypeDatasetFacet"
	datasetDocSchema    = facets + "1-1-0/DocumentationDatasetFacet.json#/$defs/DocumentationDatasetFacet"
	jobDocSchema        = facets + "1-1-0/DocumentationJobFacet.json#/$defs/DocumentationJobFacet"
	jobTypeSchema       = facets + "2-0-4/JobTypeJobFacet.json#/$defs/JobTypeJobFacet"
	ownershipSchema     = facets + "1-0-1/OwnershipJobFacet.json#/$defs/OwnershipJobFacet"
	sourceCodeSchema    = facets + "1-0-1/SourceCodeJobFacet.json#/$defs/SourceCodeJobFacet"
)

// runSpace makes the ids of runs differ from all other name-based UUIDs.
const runSpace = "qlikcrawler/openlineage/run/"

// runID names the run of a job at a time by a UUID that is always the same (version 5).
func runID(job Job, at time.Time) string {
	sum := sha1.Sum([]byte(runSpace + job.Namespace + "/" + job.Name + "@" + at.UTC().Format(time.RFC3339Nano)))
	sum[6] = sum[6]&0x0f | 0x50
	sum[8] = sum[8]&0x3f | 0x80
	s := hex.EncodeToString(sum[:16])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
