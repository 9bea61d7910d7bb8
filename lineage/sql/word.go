package sql

// A word is a bare name that means something in some place of some dialect. None is reserved: the reader
// asks for a word only where it has a meaning.
type word uint8

const (
	noWord word = iota
	wAll
	wAnd
	wAnti
	wAny
	wApply
	wArrayValueAlias
	wAs
	wAsc
	wAsof
	wAt
	wBatch // words that begin other statements of a batch
	wBetween
	wBinary
	wBoth
	wBy
	wCall
	wCase
	wClause // words that begin a clause behind FROM of which nothing is read
	wCluster
	wCollate
	wColumns
	wConnect
	wConnectByRoot
	wConnection
	wConstant // NULL, CURRENT_DATE, …
	wCreate
	wCross
	wCurrent
	wDelete
	wDesc
	wDiv // DIV, MOD, LIKE, …: operators that need nothing else
	wDistinct
	wDistribute
	wElse
	wEnd
	wEscape
	wExcept
	wExec
	wExists
	wFetch
	wFilter
	wFirst
	wFn
	wFor
	wFrom
	wFull
	wGroup
	wHaving
	wIn
	wIndex
	wInner
	wInsert
	wInterval
	wInto
	wIntersect
	wIs
	wJoin
	wKey
	wKeep
	wLateral
	wLeft
	wLevel
	wLimit
	wLiteral // DATE, TIME, …: types that a string may follow
	wMerge
	wNatural
	wNocycle
	wNot
	wNull
	wOf
	wOffset
	wOn
	wOnly
	wOption
	wOr
	wOrder
	wOuter
	wOver
	wPartition
	wPercent
	wPivot
	wPlacing
	wPrior
	wProperties
	wQualify
	wRecursive
	wReplace
	wRight
	wRollup
	wRows
	wRownum
	wSample
	wSelect
	wSemi
	wSeparator
	wSet
	wSort
	wStart
	wStraight
	wSome
	wTable
	wThen
	wTop
	wUnion
	wUnpivot
	wUpdate
	wUsing
	wValues
	wView
	wWhen
	wWhere
	wWindow
	wWith
	wWithin
	wZone
)

// longestWord is the length of the longest word.
const longestWord = 17

// wordOf returns the word that a bare name is.
func wordOf(name string) word {
	if len(name) > longestWord || len(name) < 2 {
		return noWord
	}
	var buf [longestWord]byte
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		buf[i] = c
	}
	return upperWord(buf[:len(name)])
}

func upperWord(name []byte) word {
	switch string(name) {
	case "ALL":
		return wAll
	case "AND":
		return wAnd
	case "ANTI":
		return wAnti
	case "ANY":
		return wAny
	case "APPLY":
		return wApply
	case "ARRAYVALUEALIAS":
		return wArrayValueAlias
	case "AS":
		return wAs
	case "ASC":
		return wAsc
	case "ASOF":
		return wAsof
	case "AT":
		return wAt
	case "DECLARE", "BEGIN", "DROP", "TRUNCATE", "USE", "PRINT", "ALTER", "IF", "COMMIT", "ROLLBACK", "GRANT":
		return wBatch
	case "BETWEEN":
		return wBetween
	case "BINARY":
		return wBinary
	case "BOTH", "LEADING", "TRAILING":
		return wBoth
	case "BY":
		return wBy
	case "CALL":
		return wCall
	case "CASE":
		return wCase
	case "SETTINGS", "FORMAT", "MODEL", "MATCH_RECOGNIZE":
		return wClause
	case "CLUSTER":
		return wCluster
	case "COLLATE":
		return wCollate
	case "COLUMNS":
		return wColumns
	case "CONNECT":
		return wConnect
	case "CONNECT_BY_ROOT":
		return wConnectByRoot
	case "CONNECTION":
		return wConnection
	case "TRUE", "FALSE", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_USER",
		"SESSION_USER", "SYSTEM_USER", "SYSDATE", "SYSTIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP":
		return wConstant
	case "CREATE":
		return wCreate
	case "CROSS":
		return wCross
	case "CURRENT":
		return wCurrent
	case "DELETE":
		return wDelete
	case "DESC":
		return wDesc
	case "DIV", "MOD", "XOR", "LIKE", "ILIKE", "RLIKE", "REGEXP", "GLOB", "SIMILAR", "OVERLAPS", "MEMBER", "CONTAINS":
		return wDiv
	case "DISTINCT", "UNIQUE":
		return wDistinct
	case "DISTRIBUTE":
		return wDistribute
	case "ELSE":
		return wElse
	case "END":
		return wEnd
	case "ESCAPE":
		return wEscape
	case "EXCEPT", "EXCLUDE":
		return wExcept
	case "EXEC", "EXECUTE":
		return wExec
	case "EXISTS":
		return wExists
	case "FETCH":
		return wFetch
	case "FILTER":
		return wFilter
	case "FIRST", "SKIP":
		return wFirst
	case "FN", "OJ", "D", "T", "TS", "ESC":
		return wFn
	case "FOR":
		return wFor
	case "FROM":
		return wFrom
	case "FULL":
		return wFull
	case "GROUP":
		return wGroup
	case "HAVING":
		return wHaving
	case "IN":
		return wIn
	case "INDEX":
		return wIndex
	case "INNER":
		return wInner
	case "INSERT":
		return wInsert
	case "INTERVAL":
		return wInterval
	case "INTO":
		return wInto
	case "INTERSECT":
		return wIntersect
	case "IS":
		return wIs
	case "JOIN":
		return wJoin
	case "KEY", "FK", "PK":
		return wKey
	case "KEEP":
		return wKeep
	case "LATERAL":
		return wLateral
	case "LEFT":
		return wLeft
	case "LEVEL", "CONNECT_BY_ISLEAF", "CONNECT_BY_ISCYCLE":
		return wLevel
	case "LIMIT":
		return wLimit
	case "DATE", "TIME", "TIMESTAMP", "DATETIME", "TIMESTAMPTZ", "NUMERIC", "BIGNUMERIC", "DECIMAL", "JSON":
		return wLiteral
	case "MERGE":
		return wMerge
	case "MINUS":
		return wExcept
	case "NATURAL":
		return wNatural
	case "NOCYCLE":
		return wNocycle
	case "NOT":
		return wNot
	case "NULL":
		return wNull
	case "OF":
		return wOf
	case "OFFSET":
		return wOffset
	case "ON":
		return wOn
	case "ONLY":
		return wOnly
	case "OPTION":
		return wOption
	case "OR":
		return wOr
	case "ORDER":
		return wOrder
	case "OUTER":
		return wOuter
	case "OVER":
		return wOver
	case "PARTITION":
		return wPartition
	case "PERCENT":
		return wPercent
	case "PIVOT":
		return wPivot
	case "PLACING":
		return wPlacing
	case "PREWHERE", "WHERE":
		return wWhere
	case "PRIOR":
		return wPrior
	case "PROPERTIES":
		return wProperties
	case "QUALIFY":
		return wQualify
	case "RECURSIVE":
		return wRecursive
	case "REPLACE":
		return wReplace
	case "RIGHT":
		return wRight
	case "ROLLUP", "CUBE":
		return wRollup
	case "ROWS", "RANGE", "GROUPS":
		return wRows
	case "ROWNUM":
		return wRownum
	case "SAMPLE", "TABLESAMPLE":
		return wSample
	case "SELECT", "SEL":
		return wSelect
	case "SEMI":
		return wSemi
	case "SEPARATOR":
		return wSeparator
	case "SET":
		return wSet
	case "SORT":
		return wSort
	case "SOME":
		return wSome
	case "START":
		return wStart
	case "STRAIGHT_JOIN":
		return wStraight
	case "TABLE":
		return wTable
	case "THEN":
		return wThen
	case "TOP":
		return wTop
	case "UNION":
		return wUnion
	case "UNPIVOT":
		return wUnpivot
	case "UPDATE":
		return wUpdate
	case "USING":
		return wUsing
	case "VALUES":
		return wValues
	case "VIEW":
		return wView
	case "WHEN":
		return wWhen
	case "WINDOW":
		return wWindow
	case "WITH":
		return wWith
	case "WITHIN":
		return wWithin
	case "ZONE":
		return wZone
	}
	return noWord
}
