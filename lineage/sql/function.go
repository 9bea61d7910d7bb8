package sql

import "strings"

// A function is one whose arguments need care.
type function uint8

const (
	ordinary    function = iota
	extracting           // EXTRACT(YEAR FROM x)
	converting           // CONVERT(type, x), CONVERT(x, type)
	partFirst            // DATEADD(day, 1, x)
	partLast             // DATE_TRUNC(x, MONTH)
	columnsLast          // JSON_TABLE(x, '…' COLUMNS (…))
)

func functionOf(name string) function {
	var buf [20]byte
	if len(name) > len(buf) || len(name) < 4 {
		return ordinary
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		buf[i] = c
	}
	switch string(buf[:len(name)]) {
	case "EXTRACT":
		return extracting
	case "CONVERT", "TRY_CONVERT":
		return converting
	case "DATEADD", "DATEPART", "DATENAME", "DATETRUNC", "DATE_BUCKET", "DATEDIFF_BIG",
		"TIMESTAMPADD", "TIMESTAMPDIFF", "TIMEDIFF", "TIMEADD":
		return partFirst
	case "DATEDIFF", "DATE_TRUNC", "DATE_DIFF", "DATE_PART", "DATE_ADD", "DATE_SUB", "TIMESTAMP_TRUNC", "TIMESTAMP_DIFF",
		"DATETIME_TRUNC", "DATETIME_DIFF", "TIME_TRUNC", "TIME_DIFF", "LAST_DAY", "TIME_SLICE":
		return partLast
	case "JSON_TABLE", "XMLTABLE":
		return columnsLast
	}
	return ordinary
}

// isDatePart says whether a word is a part of a date, as functions of dates and intervals name it.
func isDatePart(s string) bool {
	switch strings.ToUpper(s) {
	case "YEAR", "YEARS", "YYYY", "YY", "QUARTER", "QUARTERS", "QQ", "MONTH", "MONTHS", "MM", "WEEK", "WEEKS", "WK", "WW",
		"DAY", "DAYS", "DD", "DAYOFYEAR", "DAYOFWEEK", "WEEKDAY", "DW", "HOUR", "HOURS", "HH", "MINUTE", "MINUTES", "MI",
		"SECOND", "SECONDS", "SS", "MILLISECOND", "MS", "MICROSECOND", "MCS", "NANOSECOND", "NS", "ISOWEEK", "ISOYEAR",
		"EPOCH", "DOW", "DOY", "ISODOW", "DECADE", "CENTURY":
		return true
	}
	return false
}

// isType says whether a word is a type that CONVERT may name.
func isType(s string) bool {
	switch strings.ToUpper(s) {
	case "INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "VARCHAR", "NVARCHAR", "CHAR", "NCHAR", "VARCHAR2", "NVARCHAR2",
		"TEXT", "NTEXT", "DATE", "DATETIME", "DATETIME2", "SMALLDATETIME", "DATETIMEOFFSET", "TIME", "TIMESTAMP", "DECIMAL",
		"NUMERIC", "NUMBER", "FLOAT", "REAL", "DOUBLE", "BIT", "MONEY", "SMALLMONEY", "UNIQUEIDENTIFIER", "XML", "BINARY",
		"VARBINARY", "SIGNED", "UNSIGNED", "SYSNAME", "STRING", "BOOLEAN", "SQL_VARIANT",
		"SQL_VARCHAR", "SQL_CHAR", "SQL_INTEGER", "SQL_DOUBLE", "SQL_DATE", "SQL_TIMESTAMP", "SQL_DECIMAL", "SQL_NUMERIC", "SQL_FLOAT", "SQL_BIGINT":
		return true
	}
	return false
}

// makesRows says whether a function in FROM makes rows out of its arguments, instead of being an object of
// the database.
func makesRows(name string) bool {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return strings.EqualFold(name[i+1:], "nodes") // SQL Server: column.nodes('…')
	}
	switch strings.ToUpper(name) {
	case "UNNEST", "FLATTEN", "EXPLODE", "EXPLODE_OUTER", "POSEXPLODE", "POSEXPLODE_OUTER", "INLINE", "STACK", "JSON_TUPLE",
		"OPENJSON", "OPENXML", "STRING_SPLIT", "JSON_TABLE", "XMLTABLE", "XMLSEQUENCE", "GENERATE_SERIES", "GENERATE_ARRAY", "GENERATOR",
		"SPLIT_TO_TABLE", "STRTOK_SPLIT_TO_TABLE", "REGEXP_SPLIT_TO_TABLE", "JSON_EACH", "JSONB_EACH", "JSON_EACH_TEXT",
		"JSONB_EACH_TEXT", "JSON_ARRAY_ELEMENTS", "JSONB_ARRAY_ELEMENTS", "JSON_ARRAY_ELEMENTS_TEXT", "JSONB_ARRAY_ELEMENTS_TEXT",
		"JSON_TO_RECORDSET", "JSONB_TO_RECORDSET", "SEQUENCE", "RESULT_SCAN", "CAST", "SPLIT", "REGEXP_MATCHES", "COLUMN_VALUE":
		return true
	}
	return false
}

// isHint says whether a word is a hint of SQL Server, as in FROM dbo.A (NOLOCK).
func isHint(s string) bool {
	switch strings.ToUpper(s) {
	case "NOLOCK", "READUNCOMMITTED", "READCOMMITTED", "READPAST", "UPDLOCK", "HOLDLOCK", "TABLOCK", "TABLOCKX", "ROWLOCK",
		"PAGLOCK", "XLOCK", "NOWAIT", "NOEXPAND", "FORCESEEK", "FORCESCAN", "SERIALIZABLE", "SNAPSHOT", "REPEATABLEREAD", "FASTFIRSTROW":
		return true
	}
	return false
}
