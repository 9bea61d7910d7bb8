package qliksense

import (
	"context"
	"fmt"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/lineage/qvd"
)

// headersTried is how many headers a check reads: a folder may have a hundred thousand files.
const headersTried = 200

const cureQVDs = "options.qvds_path must name a folder of the machine that runs qlikcrawler, with QVD files in it or below it that its account may read."

// qvdFiles lists the folder of QVD files and reads some headers.
func (c *check) qvdFiles(ctx context.Context) (string, error) {
	const op = "read QVD files"
	folder, err := qvd.Open(ctx, c.site.cfg.Options.QVDsPath)
	if err != nil {
		return "", fault(catalog.CodeUnreadable, op, err.Error(), nil, cureQVDs)
	}
	files := folder.Files()
	if len(files) == 0 {
		return "", fault(catalog.CodeNotFound, op, "the folder has no QVD file", nil, cureQVDs)
	}
	tried, read, why := files[:min(len(files), headersTried)], 0, ""
	for _, file := range tried {
		if ctx.Err() != nil {
			return "", explain(op, "", context.Cause(ctx))
		}
		if _, err := folder.Header(file); err == nil {
			read++
		} else if why == "" {
			why = fmt.Sprintf("; of %s: %v", file, err)
		}
	}
	if read == 0 {
		return "", fault(catalog.CodeUnreadable, op, fmt.Sprintf("none of %d headers can be read%s", len(tried), why), nil, cureQVDs)
	}
	if len(tried) < len(files) {
		return fmt.Sprintf("%d QVD files; of %d headers tried, %d can be read%s", len(files), len(tried), read, why), nil
	}
	return fmt.Sprintf("%d QVD files, %d headers can be read%s", len(files), read, why), nil
}
