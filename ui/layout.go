package ui

// The sizes of the screen.
const (
	minWidth, minHeight = 60, 20

	wide   = 120 // checklist, and dashboard cells with the figure before the change
	middle = 100 // the same two columns, narrower cells
	narrow = 80  // one column, one view at a time; below it rows lose their sparkline

	mostWidth  = 160 // columns beyond become margins
	leftWidth  = 44
	headerRows = 4
	tallEnough = 28 // rows from which the next step is spelled out above the keys
)

// tooSmall tells whether a release cannot be shown honestly in w×h cells.
func tooSmall(w, h int) bool { return w < minWidth || h < minHeight }

// oneColumn tells whether views are shown one at a time.
func oneColumn(w int) bool { return w < middle }

// margins gives the width that is used of w columns, and the margin left of it.
func margins(w int) (used, left int) {
	used = min(w, mostWidth)
	return used, (w - used) / 2
}

// footerRows is how many rows the keys and what they do take.
func footerRows(h int) int {
	if h >= tallEnough {
		return 3
	}
	return 2
}
