module github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/foreign

go 1.26.0

require (
	github.com/google/go-cmp v0.7.0
	github.com/qlik-oss/enigma-go/v4 v4.5.0
	github.com/qlikcrawler/qlikcrawler v0.0.0
)

require (
	github.com/goccy/go-json v0.10.5 // indirect
	github.com/golang-jwt/jwt/v5 v5.3.1 // indirect
	github.com/gorilla/websocket v1.5.3 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	golang.org/x/crypto v0.58.0 // indirect
)

replace github.com/qlikcrawler/qlikcrawler => ../../../..
