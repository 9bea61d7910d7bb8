package unbuilt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/unbuilt/appfiles"
)

var (
	errClosed  = errors.New("the connector is closed")
	errForeign = errors.New("the unit is from another connector")
	errNoApp   = errors.New("no unbuilt app is in it")
)

// cureFile is for a file that makes no sense.
const cureFile = "Mend the file (an edit or a merge may have left its marks in it), or unbuild the app again."

// explain says what is wrong with a file or an app.
func explain(op string, key catalog.Key, err error) error {
	var told *catalog.Error
	if err == nil || errors.As(err, &told) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e := &catalog.Error{Code: catalog.CodeUnreadable, Op: op, Key: key, Err: err, Cure: cureFile}
	switch {
	case errors.Is(err, errClosed):
		e.Code, e.Cure = catalog.CodeInternal, ""
	case errors.Is(err, appfiles.ErrTooLarge):
		e.Code = catalog.CodeTooLarge
		e.Cure = fmt.Sprintf("At most %d MB of one file and %d MB of one app are read; a data extract among the files is none of its own.", appfiles.MaxFile>>20, appfiles.MaxApp>>20)
	case errors.Is(err, appfiles.ErrNotRegular):
		e.Cure = "Put a plain file in its place."
	case escapes(err):
		e.Code, e.Cure = catalog.CodeForbidden, "Put the file itself in place of the link: links that lead out of the connection's folder aren't followed."
	case errors.Is(err, fs.ErrPermission):
		e.Code, e.Cure = catalog.CodeForbidden, "Let the account that qlikcrawler runs as read it."
	}
	return e
}

// escapes reports a link that leads out of the folder. os.Root has no error of its own for it.
func escapes(err error) bool { return strings.Contains(err.Error(), "path escapes from parent") }

// explainFolder says what is wrong with a folder that a connection names.
func explainFolder(f folder, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e := &catalog.Error{Code: catalog.CodeUnreachable, Op: "look into " + f.Path, Err: err}
	var at *fs.PathError
	if errors.As(err, &at) && at.Path == f.Path {
		e.Err = at.Err // the path has been said
	}
	switch {
	case errors.Is(err, errNoApp):
		e.Code = catalog.CodeNotFound
		e.Cure = "Unbuild an app into it (qlik app unbuild --app ID --dir DIR). A folder is an app if it holds " + appfiles.PropertiesFile + ", " + appfiles.ScriptFile + " or " + appfiles.ObjectsFolder + "; links to folders, and folders whose name begins with a dot, are passed over."
	case errors.Is(err, fs.ErrNotExist):
		e.Cure = "Clone or mount it there, or correct unbuilt.folders; a folder that is to go is taken out of that list."
	case errors.Is(err, fs.ErrPermission):
		e.Code, e.Cure = catalog.CodeForbidden, "Let the account that qlikcrawler runs as read the folder and all that is in it."
	case errors.Is(err, appfiles.ErrTooLarge):
		e.Code, e.Cure = catalog.CodeTooLarge, "Name the folders that hold the apps, not one far above them."
	case strings.Contains(err.Error(), "not a directory"):
		e.Code, e.Cure = catalog.CodeInvalid, "Name the folder that it is in."
	case errors.Is(err, errClosed):
		e.Code = catalog.CodeInternal
	}
	return e
}
