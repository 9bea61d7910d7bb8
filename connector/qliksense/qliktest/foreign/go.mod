module github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/foreign

go 1.26.8

require (
	github.com/google/go-cmp v0.7.0
	github.com/qlikcrawler/qlikcrawler v0.0.0
)

require (
	github.com/golang-jwt/jwt/v5 v5.3.1 // indirect
	github.com/gorilla/websocket v1.5.3 // indirect
)

replace github.com/qlikcrawler/qlikcrawler => ../../../..
