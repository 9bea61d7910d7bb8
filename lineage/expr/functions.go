package expr

import "strings"

// aggregations are the aggregation functions, of charts and scripts alike.
const aggregations = `
Avg Concat Correl Count FirstSortedValue FirstValue Fractile FractileExc Irr JsonArray Kurtosis LastValue
LinEst_B LinEst_DF LinEst_F LinEst_M LinEst_R2 LinEst_SEB LinEst_SEM LinEst_SEY LinEst_SSReg LinEst_SSResid
Max MaxString Median Min MinString MissingCount Mode Npv NullCount NumericCount Only Skew StDev StErr StEYX
Sum TextCount Xirr Xnpv
Chi2Test_chi2 Chi2Test_df Chi2Test_p
TTest_conf TTest_df TTest_dif TTest_lower TTest_sig TTest_sterr TTest_t TTest_upper
TTest1_conf TTest1_df TTest1_dif TTest1_lower TTest1_sig TTest1_sterr TTest1_t TTest1_upper
TTest1w_conf TTest1w_df TTest1w_dif TTest1w_lower TTest1w_sig TTest1w_sterr TTest1w_t TTest1w_upper
TTestw_conf TTestw_df TTestw_dif TTestw_lower TTestw_sig TTestw_sterr TTestw_t TTestw_upper
ZTest_conf ZTest_dif ZTest_lower ZTest_sig ZTest_sterr ZTest_upper ZTest_z
ZTestw_conf ZTestw_dif ZTestw_lower ZTestw_sig ZTestw_sterr ZTestw_upper ZTestw_z
NumAvg NumCount NumMax NumMin NumSum`

// functions are all others, by the chapters of Qlik's help.
const functions = `
ARGB Color ColorMapHue ColorMapJet ColorMix1 ColorMix2 HSL RGB SysColor
black blue brown cyan darkgray green lightblue lightcyan lightgray lightgreen lightmagenta lightred magenta
red white yellow QlikTechBlue QlikTechGray
Alt Class Coalesce EmptyIsNull FastMatch If IsNull IsNum IsText Match MatchRegEx MixMatch Null Pick WildMatch WildMatch5
AutoNumber AutoNumberHash128 AutoNumberHash256 FieldValueCount IterNo RecNo RowNo RowNo
AddMonths AddYears Age ConvertToLocalTime Day DayEnd DayLightSaving DayName DayNumberOfQuarter DayNumberOfYear
DayStart FirstWorkDate GMT Hour InDay InDayToTime InLunarWeek InLunarWeekToDate InMonth InMonths InMonthsToDate
InMonthToDate InQuarter InQuarterToDate InWeek InWeekToDate InYear InYearToDate LastWorkDate LocalTime
LunarWeekEnd LunarWeekName LunarWeekStart MakeDate MakeTime MakeWeekDate Minute Month MonthEnd MonthName
MonthsEnd MonthsName MonthsStart MonthStart NetWorkDays Now QuarterEnd QuarterName QuarterStart Second
SetDateYear SetDateYearMonth TimeZone Today UTC Week WeekDay WeekEnd WeekName WeekStart WeekYear Year Year2Date
YearEnd YearName YearStart YearToDate
exp log log10 pow sqr sqrt e False Pi Rand True
Attribute ConnectString FileBaseName FileDir FileExtension FileName FilePath FileSize FileTime GetFolderPath
QvdCreateTime QvdFieldName QvdNoOfFields QvdNoOfRecords QvdTableName FileList DirList FieldValueList
FieldIndex FieldValue FieldElemNo FieldElemCount GetAlternativeCount GetCurrentField GetCurrentSelections
GetExcludedCount GetFieldSelections GetNotSelectedCount GetPossibleCount GetSelectedCount GetObjectDimension
GetObjectField GetObjectMeasure ModifierNames
BlackAndSchole FV nPer Pmt PV Rate
ApplyCodepage Date Dual Interval Money Num Time Timestamp
Date# Interval# Money# Num# Text Time# Timestamp#
BitCount Ceil Combin Div Even Fabs Fact Floor Fmod Frac Mod Odd Permut Round Sign Abs
GeoAggrGeometry GeoBoundingBox GeoCountVertex GeoGetBoundingBox GeoGetPolygonCenter GeoInvProjectGeometry
GeoMakePoint GeoProject GeoProjectGeometry GeoReduceGeometry
Above After Before Below Bottom Column ColumnNo Dimensionality Exists First Last Lookup NoOfColumns NoOfRows Peek
Previous SecondaryDimensionality Top Aggr
ApplyMap MapSubString
RangeAvg RangeCorrel RangeCount RangeFractile RangeFractileExc RangeIRR RangeKurtosis RangeMax RangeMaxString
RangeMin RangeMinString RangeMissingCount RangeMode RangeNPV RangeNullCount RangeNumericCount RangeOnly RangeSkew
RangeStdev RangeSum RangeTextCount RangeXIRR RangeXNPV
HRank Rank VRank KMeans2D KMeansND KMeansCentroid2D KMeansCentroidND STL_Residual STL_Seasonal STL_Trend MutualInfo
Window WRank HCNoRows HCValue
BetaDensity BetaDist BetaInv BinomDist BinomFrequency BinomInv ChiDensity ChiDist ChiInv FDensity FDist FInv
GammaDensity GammaDist GammaInv NormDist NormInv PoissonDensity PoissonDist PoissonFrequency PoissonInv TDensity
TDist TInv
Capitalize Chr CountRegEx Evaluate ExtractRegEx FindOneOf Hash128 Hash160 Hash256 Index IndexRegEx IsJson IsRegEx
JsonGet JsonSet KeepChar Left Len LevenshteinDist Lower LTrim Mid Ord PurgeChar Repeat Replace ReplaceRegEx Right
RTrim SubField SubFieldRegEx SubStringCount TextBetween Trim Upper
Author ClientPlatform ComputerName DocumentName DocumentPath DocumentTitle EngineVersion GetActiveSheetId
GetCollationLocale GetExtendedProperty GetRegistryString GetSysAttr GetUserAttr InObject IsPartialReload ObjectId
OSUser ProductVersion QlikViewVersion QVUser ReloadTime StateName Input InputAvg InputSum Info Bundle
ReportComment ReportId ReportName ReportNumber NoOfReports MsgBox
FieldName FieldNumber NoOfFields NoOfTables TableName TableNumber
acos acosh asin asinh atan atan2 atanh cos cosh sin sinh tan tanh
ValueList ValueLoop`

// A functionTable finds documented names by lower case.
type functionTable map[string]string

func newFunctionTable(lists ...string) functionTable {
	t := functionTable{}
	for _, list := range lists {
		for _, name := range strings.Fields(list) {
			t[strings.ToLower(name)] = name
		}
	}
	return t
}

var (
	allFunctions    = newFunctionTable(functions, aggregations)
	allAggregations = newFunctionTable(aggregations)
)

// FunctionName is a function's documented spelling; known is false, and the name as it was given, for one
// that isn't Qlik's, as are those of analytic connections.
func FunctionName(name string) (documented string, known bool) {
	documented, known = allFunctions[name]
	if !known {
		documented, known = allFunctions[strings.ToLower(name)]
	}
	if !known {
		return name, false
	}
	return documented, true
}

// IsAggregation tells whether a function aggregates over rows: Sum, Count, Only. Aggr and the range and
// inter-record functions don't.
func IsAggregation(name string) bool {
	_, ok := allAggregations[strings.ToLower(name)]
	return ok
}
