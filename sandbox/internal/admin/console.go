package admin

import (
	"embed"
	"io/fs"
	"net/http"
)

// The console is plain HTML, CSS and ES modules, as they are served.
//
//go:embed console
var consoleFiles embed.FS

// consolePage serves the console.
func consolePage() http.Handler {
	files, err := fs.Sub(consoleFiles, "console")
	if err != nil {
		panic(err) // embedded, so it is there
	}
	return http.StripPrefix(Root, http.FileServerFS(files))
}
