package appfiles

import (
	"slices"
	"strings"
)

// reservedNames are the variables that the script engine itself sets or that exist in every
// script: errors, reading of web files, places of the program (facts C.8; the names are those of
// the lists that apps store).
var reservedNames = []string{
	"CD", "ErrorMode", "Floppy", "OpenUrlTimeout", "QvPath", "QvRoot", "QvWorkPath", "QvWorkRoot",
	"ScriptError", "ScriptErrorCount", "ScriptErrorDetails", "ScriptErrorList", "StripComments",
	"Verbatim", "WinPath", "WinRoot",
}

// configNames are the variables at the head of every script that say how to read and show numbers,
// dates and names (facts C.8).
var configNames = []string{
	"BrokenWeeks", "CollationLocale", "CreateSearchIndexOnReload", "DateFormat", "DayNames",
	"DecimalSep", "FirstMonthOfYear", "FirstWeekDay", "HidePrefix", "HideSuffix", "LongDayNames",
	"LongMonthNames", "MoneyDecimalSep", "MoneyFormat", "MoneyThousandSep", "MonthNames",
	"NumericalAbbreviation", "ReferenceDay", "ThousandSep", "TimeFormat", "TimestampFormat",
}

func isReserved(name string) bool { return contains(reservedNames, name) }
func isConfig(name string) bool   { return contains(configNames, name) }

func contains(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}
