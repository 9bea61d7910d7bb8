package sql_test

// statements are samples of dialects and of what they may hold, with what show prints of them.
var statements = []struct{ name, sql, want string }{
	{
		name: "ANSI",
		sql:  `SELECT o.id, o.amount AS amt, c.name FROM orders o INNER JOIN customers c ON c.id = o.customer_id WHERE o.status = 'A' ORDER BY o.id`,
		want: `id <- orders.id
amt <- orders.amount
name <- customers.name
tables: orders | customers
filters: customers.id, orders.customer_id, orders.status, orders.id
`,
	},
	{
		name: "T-SQL brackets, TOP, hints",
		sql:  `SELECT TOP 100 [c].[Customer Name] AS [Name], o.[Order Date] FROM [ERP].[dbo].[Customer] AS c WITH (NOLOCK) LEFT OUTER JOIN ERP.dbo.[Order] o WITH(NOLOCK, INDEX(ix1)) ON o.CustID = c.ID WHERE c.Deleted = 0`,
		want: `Name <- ERP.dbo.Customer.Customer Name
Order Date <- ERP.dbo.Order.Order Date
tables: ERP.dbo.Customer | ERP.dbo.Order
filters: ERP.dbo.Order.CustID, ERP.dbo.Customer.ID, ERP.dbo.Customer.Deleted
`,
	},
	{
		name: "T-SQL hint in parentheses",
		sql:  `SELECT a.x, b.y FROM dbo.A a (NOLOCK), dbo.B b (nolock) WHERE a.id = b.id`,
		want: `x <- dbo.A.x
y <- dbo.B.y
tables: dbo.A | dbo.B
filters: dbo.A.id, dbo.B.id
`,
	},
	{
		name: "CROSS APPLY and TOP",
		sql:  `SELECT c.Name, x.Total FROM Customer c CROSS APPLY (SELECT TOP 1 o.Total FROM Orders o WHERE o.CustId = c.Id ORDER BY o.Dt DESC) x`,
		want: `Name <- Customer.Name
Total <- Orders.Total
tables: Customer | Orders
filters: Orders.CustId, Customer.Id, Orders.Dt
`,
	},
	{
		name: "alias before =, CONVERT, empty part",
		sql:  `SELECT FullName = c.First + ' ' + c.Last, CONVERT(varchar(10), c.Created, 120) AS Created, c.Nr FROM ERP..Customer c`,
		want: `FullName <- ERP..Customer.First, ERP..Customer.Last
Created <- ERP..Customer.Created
Nr <- ERP..Customer.Nr
tables: ERP..Customer
`,
	},
	{
		name: "CTE and window",
		sql:  `WITH s AS (SELECT cust_id, SUM(amount) AS total FROM sales GROUP BY cust_id), r AS (SELECT cust_id, total, ROW_NUMBER() OVER (PARTITION BY region ORDER BY total DESC) rn FROM s JOIN regions USING (cust_id)) SELECT cust_id, total, rn FROM r WHERE rn <= 10`,
		want: `cust_id <- sales.cust_id, regions.cust_id
total <- sales.amount
rn <- regions.region, sales.amount
tables: sales | regions
filters: sales.cust_id, regions.cust_id, regions.region, sales.amount
`,
	},
	{
		name: "Oracle (+) and ROWNUM",
		sql:  `SELECT e.ename, NVL(d.dname,'none') dname, ROWNUM rn FROM emp e, dept d WHERE e.deptno = d.deptno(+) AND ROWNUM < 10`,
		want: `ename <- emp.ename
dname <- dept.dname
rn <- 
tables: emp | dept
filters: emp.deptno, dept.deptno
`,
	},
	{
		name: "Oracle CONNECT BY",
		sql:  `SELECT LEVEL lvl, employee_id, PRIOR last_name AS boss, SYS_CONNECT_BY_PATH(last_name,'/') pth FROM hr.employees START WITH manager_id IS NULL CONNECT BY PRIOR employee_id = manager_id ORDER SIBLINGS BY last_name`,
		want: `lvl <- 
employee_id <- hr.employees.employee_id
boss <- hr.employees.last_name
pth <- hr.employees.last_name
tables: hr.employees
filters: hr.employees.manager_id, hr.employees.employee_id, hr.employees.last_name
`,
	},
	{
		name: "Oracle database link",
		sql:  `SELECT a.id, b.val FROM local_tab a, remote_tab@remotedb b WHERE a.id=b.id`,
		want: `id <- local_tab.id
val <- remote_tab@remotedb.val
tables: local_tab | remote_tab@remotedb
filters: local_tab.id, remote_tab@remotedb.id
`,
	},
	{
		name: "Snowflake paths, FLATTEN, QUALIFY",
		sql:  `SELECT t.raw:customer.name::string AS cust, f.value:sku::varchar sku, raw:items[0].price price FROM db.sch.events t, LATERAL FLATTEN(input => t.raw:items) f QUALIFY ROW_NUMBER() OVER (PARTITION BY t.id ORDER BY t.ts DESC) = 1`,
		want: `cust <- db.sch.events.raw
sku <- db.sch.events.raw
price <- db.sch.events.raw
tables: db.sch.events
filters: db.sch.events.id, db.sch.events.ts
`,
	},
	{
		name: "PostgreSQL casts, arrows, LATERAL",
		sql:  `SELECT u.id::text, u.data->>'email' AS email, l.cnt FROM public.users u LEFT JOIN LATERAL (SELECT count(*) AS cnt FROM logins g WHERE g.user_id = u.id) l ON true`,
		want: `id <- public.users.id
email <- public.users.data
cnt <- 
tables: public.users | logins
filters: logins.user_id, public.users.id
`,
	},
	{
		name: "MySQL back-ticks, STRAIGHT_JOIN, LIMIT",
		sql:  "SELECT STRAIGHT_JOIN `o`.`id`, `c`.`name` `customer name`, \"lit\" AS l FROM `shop`.`orders` `o` JOIN `shop`.`customers` `c` ON `o`.`cid`=`c`.`id` WHERE c.name = \"Bob\" LIMIT 10, 20",
		want: `id <- shop.orders.id
customer name <- shop.customers.name
l <- 
tables: shop.orders | shop.customers
filters: shop.orders.cid, shop.customers.id, shop.customers.name
`,
	},
	{
		name: "UNION ALL and UNION",
		sql:  `SELECT id, name FROM a UNION ALL SELECT cid, cname FROM b UNION SELECT 0, 'x'`,
		want: `id <- a.id, b.cid
name <- a.name, b.cname
tables: a | b
`,
	},
	{
		name: "scalar sub-query, derived table, CASE",
		sql:  `SELECT c.id, (SELECT MAX(o.dt) FROM orders o WHERE o.cid = c.id) AS last_order, CASE WHEN d.total > 100 THEN 'big' ELSE c.size END AS size FROM customers c JOIN (SELECT cid, SUM(amt) AS total FROM orders GROUP BY cid) d ON d.cid = c.id`,
		want: `id <- customers.id
last_order <- orders.dt
size <- orders.amt, customers.size
tables: customers | orders
filters: orders.cid, customers.id
`,
	},
	{
		name: "BigQuery STRUCT, UNNEST, EXTRACT",
		sql:  "SELECT EXTRACT(YEAR FROM dt) AS y, STRUCT(a AS x, b AS y) AS s, item.sku, item FROM `proj.ds.table_*`, UNNEST(items) AS item WHERE _TABLE_SUFFIX = '2024'",
		want: `y <- proj.ds.table_*.dt
s <- proj.ds.table_*.a, proj.ds.table_*.b
sku <- proj.ds.table_*.items
item <- proj.ds.table_*.items
tables: proj.ds.table_*
filters: proj.ds.table_*._TABLE_SUFFIX
`,
	},
	{
		name: "ODBC escapes",
		sql:  `SELECT {fn UCASE(c.name)} AS n, {fn CONVERT(c.age, SQL_VARCHAR)} a, {d '2020-01-01'} FROM {oj customers c LEFT OUTER JOIN orders o ON c.id = o.cid}`,
		want: `n <- customers.name
a <- customers.age
 <- 
tables: customers | orders
filters: customers.id, orders.cid
`,
	},
	{
		name: "DB2 FETCH FIRST, labelled durations, UR",
		sql:  `SELECT A.ID, CURRENT DATE - 3 DAYS AS D, A.TS - 1 DAY FROM LIB.FILE1 A WHERE A.X = 1 FETCH FIRST 10 ROWS ONLY WITH UR`,
		want: `ID <- LIB.FILE1.ID
D <- 
 <- LIB.FILE1.TS
tables: LIB.FILE1
filters: LIB.FILE1.X
`,
	},
	{
		name: "SAP HANA calculation view with PLACEHOLDER",
		sql:  `SELECT "CUSTOMER", SUM("AMOUNT") AS "AMOUNT" FROM "_SYS_BIC"."pkg/CV_SALES" ('PLACEHOLDER' = ('$$IP_YEAR$$', '2024')) GROUP BY "CUSTOMER"`,
		want: `CUSTOMER <- _SYS_BIC.pkg/CV_SALES.CUSTOMER
AMOUNT <- _SYS_BIC.pkg/CV_SALES.AMOUNT
tables: _SYS_BIC.pkg/CV_SALES
filters: _SYS_BIC.pkg/CV_SALES.CUSTOMER
`,
	},
	{
		name: "PIVOT",
		sql:  `SELECT name, [2019], [2020] FROM (SELECT name, yr, amt FROM sales) src PIVOT (SUM(amt) FOR yr IN ([2019],[2020])) p`,
		want: `name <- sales.name
2019 <- sales.amt
2020 <- sales.amt
tables: sales
filters: sales.yr
`,
	},
	{
		name: "EXEC",
		sql:  `EXEC dbo.usp_GetSales @from='2020-01-01', @to = '2021-01-01'`,
		want: `kind exec
* <- dbo.usp_GetSales.*
tables: dbo.usp_GetSales (procedure)
`,
	},
	{
		name: "REST connector",
		sql:  `SELECT "__KEY_root", (SELECT "id", "name" AS "name_u0", "__FK_data", (SELECT "@Value" FROM "tags" FK "__FK_tags" ArrayValueAlias "@Value") FROM "data" PK "__KEY_data" FK "__FK_data") FROM JSON (wrap on) "root" PK "__KEY_root" WITH CONNECTION (URL "https://u:p@api.x.com/v1/items?limit=1&key=abc", HTTPHEADER "Authorization" "Bearer x")`,
		want: `kind rest
__KEY_root <- https://api.x.com/v1/items#root.__KEY_root
id <- https://api.x.com/v1/items#root/data.id
name_u0 <- https://api.x.com/v1/items#root/data.name
__FK_data <- https://api.x.com/v1/items#root/data.__FK_data
@Value <- https://api.x.com/v1/items#root/data/tags.@Value
tables: https://api.x.com/v1/items#root (web) | https://api.x.com/v1/items#root/data (web) | https://api.x.com/v1/items#root/data/tags (web)
`,
	},
	{
		name: "web connector",
		sql:  `SELECT col1, col2, "Some Col" FROM GetWorksheetV2 WITH PROPERTIES (worksheetKey='abc/def', token='xx', columnsAsText='false')`,
		want: `kind web
col1 <- GetWorksheetV2(worksheetKey=abc/def).col1
col2 <- GetWorksheetV2(worksheetKey=abc/def).col2
Some Col <- GetWorksheetV2(worksheetKey=abc/def).Some Col
tables: GetWorksheetV2(worksheetKey=abc/def) (web)
`,
	},
	{
		name: "star of a join",
		sql:  `SELECT * FROM a JOIN b ON a.i=b.i`,
		want: `* <- a.*
* <- b.*
tables: a | b
filters: a.i, b.i
`,
	},
	{
		name: "columns without qualifier in a join",
		sql:  `SELECT id, x, y FROM a JOIN b ON a.i=b.i`,
		want: `id <- a.id?, b.id?
x <- a.x?, b.x?
y <- a.y?, b.y?
tables: a | b
filters: a.i, b.i
`,
	},
	{
		name: "recursive table expression",
		sql:  `WITH RECURSIVE t(id, path) AS (SELECT id, name FROM org WHERE parent IS NULL UNION ALL SELECT o.id, t.path || o.name FROM org o JOIN t ON o.parent = t.id) SELECT * FROM t`,
		want: `id <- org.id
path <- org.name
tables: org
filters: org.parent, org.id
`,
	},
	{
		name: "Snowflake stage",
		sql:  `SELECT $1, t.$2 FROM @mydb.sch.stage/path/f.csv (FILE_FORMAT => 'csv') t`,
		want: `$1 <- @mydb.sch.stage/path/f.csv.$1
$2 <- @mydb.sch.stage/path/f.csv.$2
tables: @mydb.sch.stage/path/f.csv (stage)
`,
	},
	{
		name: "batch with a temporary table",
		sql:  `SET NOCOUNT ON DECLARE @d date SET @d = '2020-01-01' SELECT a.x, a.y INTO #t FROM dbo.src a WHERE a.d > @d SELECT x, SUM(y) s FROM #t GROUP BY x`,
		want: `x <- dbo.src.x
s <- dbo.src.y
tables: dbo.src
filters: dbo.src.d, dbo.src.x
target: #t
`,
	},
	{
		name: "UNPIVOT",
		sql:  `SELECT name, month, val FROM sales UNPIVOT (val FOR month IN (jan, feb, mar)) u`,
		want: `name <- sales.name
month <- sales.jan, sales.feb, sales.mar
val <- sales.jan, sales.feb, sales.mar
tables: sales
`,
	},
	{
		name: "star without columns",
		sql:  "select * except (a, b), upper(c) as c2 from `p.d.t`",
		want: `* <- p.d.t.* except a, b
c2 <- p.d.t.c
tables: p.d.t
`,
	},
	{
		name: "OPENQUERY",
		sql:  `SELECT a.x FROM OPENQUERY(SRV, 'SELECT x FROM s.t WHERE y = ''1''') a`,
		want: `x <- SRV..s.t.x
tables: SRV..s.t
filters: SRV..s.t.y
`,
	},
	{
		name: "aggregate without alias",
		sql:  `SELECT count(*) FROM t`,
		want: ` <- 
tables: t
`,
	},
	{
		name: "variables that are not expanded",
		sql:  `SELECT a, b FROM $(vSchema).$(vTable) WHERE $(vCond)`,
		want: `a <- $(vSchema).$(vTable).a
b <- $(vSchema).$(vTable).b
tables: $(vSchema).$(vTable)
44: $(vCond): The variable isn't known, so that columns may be missing.
`,
	},
}
