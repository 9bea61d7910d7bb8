// Command qlikcrawler reads the metadata of a Qlik Sense site into a catalog.
package main

func main() {}
