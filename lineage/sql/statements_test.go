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
		name: "star without some columns",
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
	{
		name: "quoted three-part name",
		sql:  `SELECT o.id FROM "dw"."public"."orders" o`,
		want: `id <- dw.public.orders.id
tables: dw.public.orders
`,
	},
	{
		name: "comments hold no tables",
		sql: `SELECT a -- FROM dw.old.dead
, b /* FROM dw.old.dead2 */ FROM live`,
		want: `a <- live.a
b <- live.b
tables: live
`,
	},
	{
		name: "double-slash comments of the script",
		sql: `SELECT a, // FROM dead
b FROM live`,
		want: `a <- live.a
b <- live.b
tables: live
`,
	},
	{
		name: "comma join",
		sql:  `SELECT x.a, y.b FROM dw.s.a x, dw.s.b y`,
		want: `a <- dw.s.a.a
b <- dw.s.b.b
tables: dw.s.a | dw.s.b
`,
	},
	{
		name: "name in a string",
		sql:  `SELECT 'copied from dw.s.fake' AS note FROM dw.s.t`,
		want: `note <- 
tables: dw.s.t
`,
	},
	{
		name: "bracket in a chain",
		sql:  `SELECT dw.s.[my-table].[a b] FROM dw.s.[my-table]`,
		want: `a b <- dw.s.my-table.a b
tables: dw.s.my-table
`,
	},
	{
		name: "back-ticks around the whole name",
		sql:  "SELECT t1.a FROM `proj-1.ds.t1` AS t1",
		want: `a <- proj-1.ds.t1.a
tables: proj-1.ds.t1
`,
	},
	{
		name: "EXTRACT is no FROM",
		sql:  `SELECT EXTRACT(YEAR FROM o.dt) AS y FROM orders o`,
		want: `y <- orders.dt
tables: orders
`,
	},
	{
		name: "names in Cyrillic",
		sql:  `SELECT з.сумма FROM dw.схема.заказы з`,
		want: `сумма <- dw.схема.заказы.сумма
tables: dw.схема.заказы
`,
	},
	{
		name: "string with quote and semicolon",
		sql:  `SELECT 'it''s; FROM x' AS a, b FROM t;`,
		want: `a <- 
b <- t.b
tables: t
`,
	},
	{
		name: "the word SQL in front",
		sql:  `SQL SELECT a FROM t;`,
		want: `a <- t.a
tables: t
`,
	},
	{
		name: "no-break spaces and a byte order mark",
		sql:  "\ufeffSELECT\u00a0a,\u00a0b\r\n\tFROM\u00a0t\u00a0x",
		want: `a <- t.a
b <- t.b
tables: t
`,
	},
	{
		name: "word names as columns",
		sql:  `SELECT t.date, year, level, [from], "select", t.order, name, value, status, type, row, first, last, zone FROM t`,
		want: `date <- t.date
year <- t.year
level <- t.level
from <- t.from
select <- t.select
order <- t.order
name <- t.name
value <- t.value
status <- t.status
type <- t.type
row <- t.row
first <- t.first
last <- t.last
zone <- t.zone
tables: t
`,
	},
	{
		name: "word names as aliases",
		sql:  `SELECT a date, b AS order, c value, d AS from_date, e name, f AS limit FROM t`,
		want: `date <- t.a
order <- t.b
value <- t.c
from_date <- t.d
name <- t.e
limit <- t.f
tables: t
`,
	},
	{
		name: "keywords of functions",
		sql:  `SELECT TRIM(BOTH 'x' FROM a) AS a1, TRIM(LEADING FROM b) b1, SUBSTRING(c FROM 2 FOR 3) c1, POSITION('x' IN d) d1, OVERLAY(e PLACING f FROM 1 FOR 2) e1, CAST(g AS DECIMAL(10,2)) g1, EXTRACT(EPOCH FROM (h - i)) h1 FROM t`,
		want: `a1 <- t.a
b1 <- t.b
c1 <- t.c
d1 <- t.d
e1 <- t.e, t.f
g1 <- t.g
h1 <- t.h, t.i
tables: t
`,
	},
	{
		name: "dates and their parts",
		sql:  `SELECT DATEADD(day, n, d1) a, DATEDIFF(month, d1, d2) b, DATEDIFF(d1, d2) c, DATE_TRUNC(d1, MONTH) d, DATE_TRUNC('month', d1) e, TIMESTAMPDIFF(DAY, d1, d2) f, DATEPART(yyyy, d2) g FROM t`,
		want: `a <- t.n, t.d1
b <- t.d1, t.d2
c <- t.d1, t.d2
d <- t.d1
e <- t.d1
f <- t.d1, t.d2
g <- t.d2
tables: t
`,
	},
	{
		name: "typed literals",
		sql:  `SELECT a FROM t WHERE d >= DATE '2020-01-01' AND x = N'y' AND ts < TIMESTAMP '2020-01-01 00:00:00' AND i > INTERVAL '1' DAY`,
		want: `a <- t.a
tables: t
filters: t.d, t.x, t.ts, t.i
`,
	},
	{
		name: "intervals",
		sql:  `SELECT d - INTERVAL 1 DAY AS y, d + INTERVAL n MONTH, NOW() - INTERVAL '3' HOUR x FROM t`,
		want: `y <- t.d
 <- t.d, t.n
x <- 
tables: t
`,
	},
	{
		name: "CASE forms",
		sql:  `SELECT CASE a WHEN 1 THEN b ELSE c END, CASE WHEN x IS NULL THEN y END AS z, CASE WHEN p BETWEEN q AND r THEN 'in' END w FROM t`,
		want: ` <- t.a, t.b, t.c
z <- t.x, t.y
w <- t.p, t.q, t.r
tables: t
`,
	},
	{
		name: "boolean expression and IN",
		sql:  `SELECT a IN (1,2) AS i, b LIKE c ESCAPE '\' AS l, NOT d AS n, e IS NOT NULL AS f FROM t`,
		want: `i <- t.a
l <- t.b, t.c
n <- t.d
f <- t.e
tables: t
`,
	},
	{
		name: "sub-query in WHERE",
		sql:  `SELECT a FROM t WHERE id IN (SELECT tid FROM u WHERE u.x = t.x) AND EXISTS (SELECT * FROM v WHERE v.id = t.id)`,
		want: `a <- t.a
tables: t | u | v
filters: t.id, u.x, t.x, u.tid, v.id
`,
	},
	{
		name: "scalar sub-query compared",
		sql:  `SELECT a FROM t WHERE d = (SELECT MAX(d) FROM t2)`,
		want: `a <- t.a
tables: t | t2
filters: t.d, t2.d
`,
	},
	{
		name: "sub-query of sub-queries",
		sql:  `SELECT z.a FROM (SELECT y.a FROM (SELECT x.a FROM base x) y) z`,
		want: `a <- base.a
tables: base
`,
	},
	{
		name: "derived columns without alias of the table",
		sql:  `SELECT a, total FROM (SELECT a, SUM(b) AS total FROM t GROUP BY a)`,
		want: `a <- t.a
total <- t.b
tables: t
filters: t.a
`,
	},
	{
		name: "derived with column list",
		sql:  `SELECT v.x, v.y FROM (SELECT a, b FROM t) AS v (x, y)`,
		want: `x <- t.a
y <- t.b
tables: t
`,
	},
	{
		name: "VALUES with column list",
		sql:  `SELECT v.id, t.a FROM t JOIN (VALUES (1, 'x'), (2, 'y')) AS v(id, name) ON v.id = t.id`,
		want: `id <- 
a <- t.a
tables: t
filters: t.id
`,
	},
	{
		name: "CROSS APPLY VALUES turns columns to rows",
		sql:  `SELECT t.id, v.k, v.val FROM t CROSS APPLY (VALUES ('a', t.a), ('b', t.b)) v(k, val)`,
		want: `id <- t.id
k <- 
val <- t.a, t.b
tables: t
`,
	},
	{
		name: "OUTER APPLY of a function",
		sql:  `SELECT t.id, f.amount FROM dbo.t OUTER APPLY dbo.fn_Amount(t.id, t.kind) f`,
		want: `id <- dbo.t.id
amount <- dbo.fn_Amount.amount
tables: dbo.t | dbo.fn_Amount (function)
filters: dbo.t.id, dbo.t.kind
`,
	},
	{
		name: "star of one table",
		sql:  `SELECT o.*, c.name FROM orders o JOIN customers c ON o.cid = c.id`,
		want: `* <- orders.*
name <- customers.name
tables: orders | customers
filters: orders.cid, customers.id
`,
	},
	{
		name: "star over a sub-query",
		sql:  `SELECT * FROM (SELECT a, b AS c FROM t) x`,
		want: `a <- t.a
c <- t.b
tables: t
`,
	},
	{
		name: "star over a CTE that is a star",
		sql:  `WITH x AS (SELECT * FROM t) SELECT x.a, b FROM x`,
		want: `a <- t.a
b <- t.b
tables: t
`,
	},
	{
		name: "star of everything after columns",
		sql:  `SELECT a AS k, t.* FROM t`,
		want: `k <- t.a
* <- t.*
tables: t
`,
	},
	{
		name: "Snowflake star options",
		sql:  `SELECT t.* EXCLUDE (secret), * RENAME (a AS b) FROM t`,
		want: `* <- t.* except secret
* <- t.* except a
b <- t.a
tables: t
`,
	},
	{
		name: "BigQuery star options",
		sql:  "SELECT * EXCEPT (a) REPLACE (UPPER(b) AS b) FROM `p.d.t`",
		want: `* <- p.d.t.* except a, b
b <- p.d.t.b
tables: p.d.t
`,
	},
	{
		name: "two CTEs, the second of the first",
		sql:  `WITH a AS (SELECT id, v FROM t1), b (i, w) AS (SELECT id, v FROM a) SELECT i, w FROM b`,
		want: `i <- t1.id
w <- t1.v
tables: t1
`,
	},
	{
		name: "CTE hides a table of its name",
		sql:  `WITH orders AS (SELECT id FROM raw.orders) SELECT id FROM orders`,
		want: `id <- raw.orders.id
tables: raw.orders
`,
	},
	{
		name: "CTE in a sub-query",
		sql:  `SELECT x.id FROM (WITH q AS (SELECT id FROM t) SELECT id FROM q) x`,
		want: `id <- t.id
tables: t
`,
	},
	{
		name: "union of stars",
		sql:  `SELECT * FROM a UNION ALL SELECT * FROM b`,
		want: `* <- a.*, b.*
tables: a | b
`,
	},
	{
		name: "union of a star and columns",
		sql:  `SELECT x, y FROM a UNION ALL SELECT * FROM b`,
		want: `x <- a.x, b.x?
y <- a.y, b.y?
tables: a | b
`,
	},
	{
		name: "union in a derived table",
		sql:  `SELECT u.k FROM (SELECT a AS k FROM t1 UNION SELECT b FROM t2 UNION ALL SELECT c FROM t3) u`,
		want: `k <- t1.a, t2.b, t3.c
tables: t1 | t2 | t3
`,
	},
	{
		name: "EXCEPT, INTERSECT, MINUS",
		sql:  `(SELECT a FROM t1 EXCEPT SELECT b FROM t2) INTERSECT (SELECT c FROM t3 MINUS SELECT d FROM t4)`,
		want: `a <- t1.a, t2.b, t3.c, t4.d
tables: t1 | t2 | t3 | t4
`,
	},
	{
		name: "window frames",
		sql:  `SELECT SUM(a) OVER (PARTITION BY b ORDER BY c ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run, LAG(d, 1) OVER w AS prev FROM t WINDOW w AS (PARTITION BY e ORDER BY f)`,
		want: `run <- t.a, t.b, t.c
prev <- t.d
tables: t
filters: t.e, t.f
`,
	},
	{
		name: "ordered aggregates",
		sql:  `SELECT LISTAGG(a, ',') WITHIN GROUP (ORDER BY b) AS l, STRING_AGG(c, ',' ORDER BY d) s, GROUP_CONCAT(DISTINCT e ORDER BY f SEPARATOR ';') g, MAX(h) KEEP (DENSE_RANK FIRST ORDER BY i) k, COUNT(*) FILTER (WHERE j > 0) AS n FROM t`,
		want: `l <- t.a, t.b
s <- t.c, t.d
g <- t.e, t.f
k <- t.h, t.i
n <- t.j
tables: t
`,
	},
	{
		name: "GROUP BY forms",
		sql:  `SELECT a, b, COUNT(*) AS n FROM t GROUP BY ROLLUP (a, b) HAVING COUNT(c) > 1 ORDER BY n DESC, 2`,
		want: `a <- t.a
b <- t.b
n <- 
tables: t
filters: t.a, t.b, t.c
`,
	},
	{
		name: "NATURAL and USING",
		sql:  `SELECT id, x FROM a NATURAL JOIN b JOIN c USING (id)`,
		want: `id <- a.id, b.id, c.id
x <- a.x?, b.x?, c.x?
tables: a | b | c
filters: a.id, b.id, c.id
`,
	},
	{
		name: "all kinds of joins",
		sql:  `SELECT a.x FROM a LEFT OUTER JOIN b ON a.i = b.i RIGHT JOIN c ON b.j = c.j FULL OUTER JOIN d ON c.k = d.k CROSS JOIN e INNER HASH JOIN f ON f.l = e.l LEFT ANTI JOIN g ON g.m = f.m`,
		want: `x <- a.x
tables: a | b | c | d | e | f | g
filters: a.i, b.i, b.j, c.j, c.k, d.k, f.l, e.l, g.m, f.m
`,
	},
	{
		name: "joins in parentheses",
		sql:  `SELECT a.x, c.z FROM ((a INNER JOIN b ON a.i = b.i) LEFT JOIN c ON c.j = b.j)`,
		want: `x <- a.x
z <- c.z
tables: a | b | c
filters: a.i, b.i, c.j, b.j
`,
	},
	{
		name: "self-join",
		sql:  `SELECT e.name, m.name AS boss, salary FROM emp e JOIN emp m ON e.mgr = m.id`,
		want: `name <- emp.name
boss <- emp.name
salary <- emp.salary
tables: emp
filters: emp.mgr, emp.id
`,
	},
	{
		name: "column without qualifier that a sub-query delivers",
		sql:  `SELECT total, name FROM customers c JOIN (SELECT cid, SUM(x) AS total FROM orders GROUP BY cid) d ON d.cid = c.id`,
		want: `total <- orders.x
name <- customers.name
tables: customers | orders
filters: orders.cid, customers.id
`,
	},
	{
		name: "qualified by schema and table",
		sql:  `SELECT dbo.Orders.id, Orders.amount, ERP.dbo.Orders.x FROM ERP.dbo.Orders`,
		want: `id <- ERP.dbo.Orders.id
amount <- ERP.dbo.Orders.amount
x <- ERP.dbo.Orders.x
tables: ERP.dbo.Orders
`,
	},
	{
		name: "table named by its name although aliased",
		sql:  `SELECT Orders.id FROM dbo.Orders o`,
		want: `id <- dbo.Orders.id
tables: dbo.Orders
`,
	},
	{
		name: "Oracle quotes and DUAL",
		sql:  `SELECT q'[it's FROM x]' AS a, SYSDATE d FROM DUAL`,
		want: `a <- 
d <- 
tables: DUAL
`,
	},
	{
		name: "Oracle AS OF and PARTITION",
		sql:  `SELECT a FROM t AS OF TIMESTAMP (SYSTIMESTAMP - 1) x JOIN u PARTITION (p1) y ON x.i = y.i`,
		want: `a <- t.a?, u.a?
tables: t | u
filters: t.i, u.i
`,
	},
	{
		name: "Oracle TABLE()",
		sql:  `SELECT t.column_value, e.name FROM emp e, TABLE(e.phones) t, TABLE(pkg.rows_of(e.id)) r`,
		want: `column_value <- emp.phones
name <- emp.name
tables: emp | pkg.rows_of (function)
filters: emp.id
`,
	},
	{
		name: "temporal table",
		sql:  `SELECT a FROM dbo.T FOR SYSTEM_TIME AS OF '2020-01-01' AS h WHERE h.b = 1`,
		want: `a <- dbo.T.a
tables: dbo.T
filters: dbo.T.b
`,
	},
	{
		name: "TABLESAMPLE",
		sql:  `SELECT a FROM t TABLESAMPLE BERNOULLI (10) s WHERE s.b = 1`,
		want: `a <- t.a
tables: t
filters: t.b
`,
	},
	{
		name: "MySQL index hints",
		sql:  "SELECT a FROM t USE INDEX (i1) JOIN u FORCE INDEX FOR JOIN (i2) ON t.i = u.i WHERE t.b = `c`",
		want: `a <- t.a?, u.a?
tables: t | u
filters: t.i, u.i, t.b, t.c?, u.c?
`,
	},
	{
		name: "bare NOLOCK",
		sql:  `SELECT a FROM t NOLOCK WHERE b = 1`,
		want: `a <- t.a
tables: t
filters: t.b
`,
	},
	{
		name: "FOR XML PATH",
		sql:  `SELECT t.a, STUFF((SELECT ',' + u.n FROM u WHERE u.tid = t.id FOR XML PATH('')), 1, 1, '') AS names FROM t`,
		want: `a <- t.a
names <- u.n
tables: t | u
filters: u.tid, t.id
`,
	},
	{
		name: "XML nodes",
		sql:  `SELECT x.v.value('@id', 'int') AS id FROM dbo.docs d CROSS APPLY d.doc.nodes('/a/b') AS x(v)`,
		want: `id <- 
tables: dbo.docs
`,
	},
	{
		name: "OPENJSON WITH",
		sql:  `SELECT j.name, j.qty FROM dbo.docs d CROSS APPLY OPENJSON(d.body) WITH (name nvarchar(50) '$.n', qty int '$.q') AS j`,
		want: `name <- dbo.docs.body
qty <- dbo.docs.body
tables: dbo.docs
`,
	},
	{
		name: "JSON_TABLE",
		sql:  `SELECT jt.a, jt.b FROM docs d, JSON_TABLE(d.body, '$[*]' COLUMNS (a INT PATH '$.a', b VARCHAR(10) PATH '$.b')) AS jt`,
		want: `a <- docs.body
b <- docs.body
tables: docs
`,
	},
	{
		name: "Hive LATERAL VIEW",
		sql:  `SELECT id, k, v FROM db.events e LATERAL VIEW OUTER explode(e.props) p AS k, v WHERE k = 'x' CLUSTER BY id`,
		want: `id <- db.events.id
k <- db.events.props
v <- db.events.props
tables: db.events
filters: db.events.props, db.events.id
`,
	},
	{
		name: "PostgreSQL set-returning function",
		sql:  `SELECT g.n, t.a FROM generate_series(1, 10) AS g(n) CROSS JOIN t`,
		want: `n <- 
a <- t.a
tables: t
`,
	},
	{
		name: "PostgreSQL arrays and dollar quotes",
		sql:  `SELECT a[1] AS first, $$it's$$ AS lit, b::int[] AS arr, c #>> '{x,y}' AS p FROM t`,
		want: `first <- t.a
lit <- 
arr <- t.b
p <- t.c
tables: t
`,
	},
	{
		name: "DISTINCT ON",
		sql:  `SELECT DISTINCT ON (a, b) a, b, c FROM t ORDER BY a, b, c DESC`,
		want: `a <- t.a
b <- t.b
c <- t.c
tables: t
filters: t.a, t.b, t.c
`,
	},
	{
		name: "Teradata",
		sql:  `SEL a, b (FORMAT 'YYYY-MM-DD') AS d, c (NAMED cc) FROM db.t QUALIFY RANK() OVER (ORDER BY a) = 1 SAMPLE 10`,
		want: `a <- db.t.a
d <- db.t.b
cc <- db.t.c
tables: db.t
filters: db.t.a
`,
	},
	{
		name: "TOP forms",
		sql:  `SELECT TOP (10) PERCENT WITH TIES a FROM t ORDER BY b`,
		want: `a <- t.a
tables: t
filters: t.b
`,
	},
	{
		name: "DISTINCT TOP",
		sql:  `SELECT DISTINCT TOP 5 a, b FROM t`,
		want: `a <- t.a
b <- t.b
tables: t
`,
	},
	{
		name: "PIVOT in Oracle",
		sql:  `SELECT * FROM (SELECT region, q, amt FROM sales) PIVOT (SUM(amt) FOR q IN ('Q1' AS q1, 'Q2' AS q2))`,
		want: `region <- sales.region
q1 <- sales.amt
q2 <- sales.amt
tables: sales
filters: sales.q
`,
	},
	{
		name: "PIVOT of a table",
		sql:  `SELECT p.cust, p.[1] FROM dbo.sales PIVOT (MAX(v) FOR m IN ([1], [2])) AS p`,
		want: `cust <- dbo.sales.cust
1 <- dbo.sales.v
tables: dbo.sales
filters: dbo.sales.m
`,
	},
	{
		name: "MDX",
		sql:  `SELECT {[Measures].[Sales]} ON COLUMNS, {[Date].[Year].Members} ON ROWS FROM [Adventure Works] WHERE ([Product].[All])`,
		want: `kind mdx
* <- Adventure Works.*
tables: Adventure Works (cube)
`,
	},
	{
		name: "CALL",
		sql:  `CALL sales.report(2024, 'x')`,
		want: `kind call
* <- sales.report.*
tables: sales.report (procedure)
`,
	},
	{
		name: "ODBC call",
		sql:  `{call dbo.report('x', 2)}`,
		want: `kind call
* <- dbo.report.*
tables: dbo.report (procedure)
`,
	},
	{
		name: "EXEC of a string",
		sql:  `EXEC('SELECT a FROM dbo.t')`,
		want: `kind exec
a <- dbo.t.a
tables: dbo.t
`,
	},
	{
		name: "sp_executesql",
		sql:  `EXEC sp_executesql N'SELECT a, b FROM dbo.t WHERE c = @p', N'@p int', @p = 1`,
		want: `kind exec
a <- dbo.t.a
b <- dbo.t.b
tables: dbo.t
filters: dbo.t.c
`,
	},
	{
		name: "INSERT with SELECT",
		sql:  `INSERT INTO dbo.target (a, b) SELECT x, y FROM dbo.source WHERE z = 1`,
		want: `kind insert
tables: dbo.source
filters: dbo.source.z
target: dbo.target
`,
	},
	{
		name: "UPDATE with FROM",
		sql:  `UPDATE t SET t.a = s.b FROM dbo.target t JOIN dbo.source s ON s.id = t.id WHERE s.c = 1`,
		want: `kind update
tables: dbo.target | dbo.source
filters: dbo.source.id, dbo.target.id, dbo.source.c
target: dbo.target
`,
	},
	{
		name: "DELETE",
		sql:  `DELETE FROM dbo.log WHERE d < '2020-01-01'`,
		want: `kind delete
target: dbo.log
`,
	},
	{
		name: "MERGE",
		sql:  `MERGE INTO dbo.target AS t USING dbo.source AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET t.a = s.a WHEN NOT MATCHED THEN INSERT (id, a) VALUES (s.id, s.a)`,
		want: `kind merge
tables: dbo.source
filters: dbo.source.id
target: dbo.target
`,
	},
	{
		name: "CREATE TABLE AS",
		sql:  `CREATE OR REPLACE TEMPORARY TABLE tmp.x AS SELECT a FROM t`,
		want: `kind create
tables: t
target: tmp.x
`,
	},
	{
		name: "SELECT INTO alone",
		sql:  `SELECT a INTO dbo.copy FROM dbo.t`,
		want: `tables: dbo.t
target: dbo.copy
`,
	},
	{
		name: "IF in a batch",
		sql:  `DECLARE @n int; SELECT @n = COUNT(*) FROM dbo.log; IF @n > 0 SELECT a, b FROM dbo.t WHERE c = @n`,
		want: `a <- dbo.t.a
b <- dbo.t.b
tables: dbo.log | dbo.t
filters: dbo.t.c
`,
	},
	{
		name: "variable in a name",
		sql:  `SELECT a, $(vCols), b FROM dbo.t_$(vYear) x`,
		want: `a <- dbo.t_$(vYear).a
* <- dbo.t_$(vYear).*
b <- dbo.t_$(vYear).b
tables: dbo.t_$(vYear)
10: $(vCols): The variable isn't known; it may stand for any columns.
`,
	},
	{
		name: "list of columns is a variable",
		sql:  `SELECT $(vCols) FROM dbo.t`,
		want: `* <- dbo.t.*
tables: dbo.t
7: $(vCols): The variable isn't known; it may stand for any columns.
`,
	},
	{
		name: "Open SQL without commas",
		sql:  `SELECT MATNR MAKTX SPRAS FROM MAKT WHERE SPRAS = 'E'`,
		want: `MATNR <- MAKT.MATNR
MAKTX <- MAKT.MAKTX
SPRAS <- MAKT.SPRAS
tables: MAKT
filters: MAKT.SPRAS
`,
	},
	{
		name: "SOQL relationship",
		sql:  `SELECT Id, Account.Name, Owner.Profile.Name FROM Contact`,
		want: `Id <- Contact.Id
Name <- Contact.Account?
Name <- Contact.Owner?
tables: Contact
`,
	},
	{
		name: "Excel through ODBC",
		sql:  "SELECT `Sheet1$`.F1, `Sheet1$`.`Net Sales` FROM `C:\\Data\\x.xls`.`Sheet1$`",
		want: `F1 <- C:\Data\x.xls.Sheet1$.F1
Net Sales <- C:\Data\x.xls.Sheet1$.Net Sales
tables: C:\Data\x.xls.Sheet1$
`,
	},
	{
		name: "trailing comma",
		sql:  `SELECT a, b, FROM t`,
		want: `a <- t.a
b <- t.b
tables: t
`,
	},
	{
		name: "nothing behind SELECT",
		sql:  `SELECT FROM t`,
		want: `* <- t.*
tables: t
table level
0: SELECT FROM t: This is no SELECT that can be read.
`,
	},
	{
		name: "constants only",
		sql:  `SELECT 1, 'x' AS s, NULL AS n, CURRENT_TIMESTAMP ts`,
		want: ` <- 
s <- 
n <- 
ts <- 
`,
	},
	{
		name: "no SQL at all",
		sql:  `hello world`,
		want: `kind other
table level
0: hello world: No table could be found in this statement.
`,
	},
	{
		name: "nothing",
		sql:  ``,
		want: `kind other
table level
0: : No table could be found in this statement.
`,
	},
	{
		name: "unclosed quote",
		sql:  `SELECT a, 'x FROM t`,
		want: `a <- 
 <- 
10: ': The quote isn't closed.
`,
	},
	{
		name: "unclosed parenthesis",
		sql:  `SELECT a, (SELECT b FROM u FROM t`,
		want: `a <- 
t <- u.b?, FROM.b?
tables: u | FROM
10: (: The parenthesis isn't closed.
`,
	},
	{
		name: "FROM first",
		sql:  `FROM db.t SELECT a, b WHERE c = 1`,
		want: `a <- db.t.a
b <- db.t.b
tables: db.t
filters: db.t.c
`,
	},
	{
		name: "duplicate names in other case",
		sql:  `SELECT t.ID, T.id + t.Id AS x FROM dbo.T t JOIN DBO.t u ON t.id = u.id`,
		want: `ID <- dbo.T.ID
x <- dbo.T.id
tables: dbo.T
filters: dbo.T.id
`,
	},
	{
		name: "REST of XML, without address",
		sql:  `SELECT "attr:id" AS "id", "__KEY_book" FROM XML "catalog/book" PK "__KEY_book"`,
		want: `kind rest
id <- #catalog/book.attr:id
__KEY_book <- #catalog/book.__KEY_book
tables: #catalog/book (web)
`,
	},
	{
		name: "REST of CSV",
		sql:  `SELECT "a", "b" FROM CSV (header on, delimiter ",", quote """") "CSV_source" WITH CONNECTION (URL "https://x.com/f.csv?token=s3cret", BODY "{}")`,
		want: `kind rest
a <- https://x.com/f.csv#CSV_source.a
b <- https://x.com/f.csv#CSV_source.b
tables: https://x.com/f.csv#CSV_source (web)
`,
	},
	{
		name: "REST with several levels side by side",
		sql:  `SELECT "id", (SELECT "x" FROM "items" FK "__FK_items"), (SELECT "y", (SELECT "z" FROM "deep" FK "__FK_deep") FROM "other" PK "__KEY_other" FK "__FK_other") FROM JSON (wrap off) "root" PK "__KEY_root"`,
		want: `kind rest
id <- #root.id
x <- #root/items.x
y <- #root/other.y
z <- #root/other/deep.z
tables: #root (web) | #root/items (web) | #root/other (web) | #root/other/deep (web)
`,
	},
	{
		name: "web connector with several keys",
		sql:  `SELECT dimensions, date, sessions FROM DataFromQueryV4 WITH PROPERTIES (projectId='p1', accountUrl='https://x.com/a?t=1', filters='', maxResults='100', clientSecret='s')`,
		want: `kind web
dimensions <- DataFromQueryV4(projectId=p1,accountUrl=https://x.com/a).dimensions
date <- DataFromQueryV4(projectId=p1,accountUrl=https://x.com/a).date
sessions <- DataFromQueryV4(projectId=p1,accountUrl=https://x.com/a).sessions
tables: DataFromQueryV4(projectId=p1,accountUrl=https://x.com/a) (web)
`,
	},
	{
		name: "ClickHouse",
		sql:  `SELECT a, any(b) AS b1 FROM db.t FINAL GLOBAL ANY LEFT JOIN u USING (id) PREWHERE c = 1 SETTINGS max_threads = 1`,
		want: `a <- db.t.a?, u.a?
b1 <- db.t.b?, u.b?
tables: db.t | u
filters: db.t.id, u.id, db.t.c?, u.c?
`,
	},
	{
		name: "aliases in ORDER BY",
		sql:  `SELECT UPPER(a) AS k, SUM(b) AS s FROM t GROUP BY UPPER(a) ORDER BY s, k`,
		want: `k <- t.a
s <- t.b
tables: t
filters: t.a, t.b
`,
	},
	{
		name: "alias named by text",
		sql:  `SELECT a AS 'Name', b 'Other' FROM t`,
		want: `Name <- t.a
Other <- t.b
tables: t
`,
	},
	{
		name: "correlated column of outer table",
		sql:  `SELECT c.id, (SELECT SUM(amount * c.rate) FROM lines l WHERE l.cid = c.id) AS total FROM customers c`,
		want: `id <- customers.id
total <- lines.amount, customers.rate
tables: customers | lines
filters: lines.cid, customers.id
`,
	},
	{
		name: "DB2 current and cast",
		sql:  `SELECT CURRENT TIMESTAMP AS now, DECIMAL(A, 10, 2) AS D, CHAR(B) FROM LIB.T`,
		want: `now <- 
D <- LIB.T.A
 <- LIB.T.B
tables: LIB.T
`,
	},
	{
		name: "COLLATE and AT TIME ZONE",
		sql:  `SELECT a COLLATE Latin1_General_CI_AS AS x, b AT TIME ZONE 'UTC' AS y, c COLLATE NOCASE FROM t`,
		want: `x <- t.a
y <- t.b
 <- t.c
tables: t
`,
	},
	{
		name: "concatenation and arithmetic",
		sql:  `SELECT a || '-' || b AS ab, c * d / 100 AS pct, -e AS neg, (f + g) AS fg FROM t`,
		want: `ab <- t.a, t.b
pct <- t.c, t.d
neg <- t.e
fg <- t.f, t.g
tables: t
`,
	},
	{
		name: "aggregates without alias",
		sql:  `SELECT COUNT(*), COUNT(DISTINCT a), MAX(t.b) FROM t`,
		want: ` <- 
 <- t.a
 <- t.b
tables: t
`,
	},
	{
		name: "OPENROWSET",
		sql:  `SELECT x.a FROM OPENROWSET('SQLNCLI', 'Server=s;UID=u;PWD=topsecret', 'SELECT a FROM db.dbo.t') AS x`,
		want: `a <- db.dbo.t.a
tables: db.dbo.t
`,
	},
	{
		name: "subscript by OFFSET",
		sql:  "SELECT SPLIT(a, ',')[OFFSET(0)] AS f, b[SAFE_OFFSET(1)] AS g FROM `p.d.t`, UNNEST([1,2,3]) AS n WITH OFFSET AS pos",
		want: `f <- p.d.t.a
g <- p.d.t.b
tables: p.d.t
`,
	},
	{
		name: "file as a table",
		sql:  `SELECT a FROM 'data/x.parquet' AS f`,
		want: `a <- data/x.parquet.a
tables: data/x.parquet
`,
	},
	{
		name: "method of an XML column",
		sql:  `SELECT d.doc.value('(/a)[1]', 'int') AS v FROM dbo.docs d`,
		want: `v <- dbo.docs.doc
tables: dbo.docs
`,
	},
	{
		name: "DELETE with a second table",
		sql:  `DELETE d FROM dbo.log d JOIN dbo.old o ON o.id = d.id WHERE o.x = 1`,
		want: `kind delete
tables: dbo.log | dbo.old
filters: dbo.old.id, dbo.log.id, dbo.old.x
target: dbo.log
`,
	},
	{
		name: "Snowflake variables and parameters",
		sql:  `SELECT :a AS p, $b AS v, x:y.z AS w FROM IDENTIFIER('t') i, db.s.t x WHERE x.k = ?`,
		want: `p <- 
v <- 
w <- t.x?, db.s.t.x?
tables: t | db.s.t
filters: db.s.t.k
`,
	},
	{
		name: "table of a schema named like a word",
		sql:  `SELECT v.a FROM values.first v JOIN "order"."group" g ON g.i = v.i`,
		want: `a <- values.first.a
tables: values.first | order.group
filters: order.group.i, values.first.i
`,
	},
}
