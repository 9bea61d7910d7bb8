package qixmap

import (
	"strings"
	"testing"
)

func TestConnectStringsKeepThePlaceAndNoSecret(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ typ, text, want string }{
		"folder":      {"folder", `\\files\qvd\`, `\\files\qvd\`},
		"internet":    {"internet", "https://ann:hunter2@x.example/a.csv?token=hunter2#x", "https://x.example/a.csv"},
		"Qlik's ODBC": {"QvOdbcConnectorPackage.exe", `CUSTOM CONNECT TO "provider=QvOdbcConnectorPackage.exe;driver=mssql;host=erp;port=1433;db=ERP;separateCredentials=false;password=hunter2;"`, `CUSTOM CONNECT TO "provider=QvOdbcConnectorPackage.exe;driver=mssql;host=erp;port=1433;db=ERP"`},
		"DSN":         {"ODBC", "ODBC CONNECT TO [SAP_FI]", `ODBC CONNECT TO "SAP_FI"`},
		"DSN, user":   {"ODBC", "ODBC CONNECT64 TO [DSN=SAP_FI;UID=ann;PWD=hunter2]", `ODBC CONNECT64 TO "DSN=SAP_FI"`},
		"OLE DB":      {"OLEDB", `OLEDB CONNECT TO [Provider=SQLOLEDB.1;Persist Security Info=True;User ID=sa;Password="hun;ter2";Initial Catalog=Sales;Data Source=srv]`, `OLEDB CONNECT TO "Provider=SQLOLEDB.1;Initial Catalog=Sales;Data Source=srv"`},
		"REST":        {"QvRestConnector.exe", `CUSTOM CONNECT TO "provider=QvRestConnector.exe;url=https://ann:hunter2@api.example/v1?key=hunter2;queryHeaders=Authorization%2Bearer hunter2;"`, `CUSTOM CONNECT TO "provider=QvRestConnector.exe;url=https://api.example/v1"`},
		"odd":         {"odd", "hunter2:hunter2@x", ""},
	} {
		got := Place(test.typ, test.text)
		if got != test.want || strings.Contains(got, "hunter2") {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
