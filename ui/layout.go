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
	panelRows  = 6  // the least a docked sheet leaves: the six panels in a row each, without their frame
	sheetRows  = 7  // the least that a sheet with a frame takes
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

// sheetRoom is how high a docked sheet may be on a screen of h rows: the header,
// the panels and the keys stay, with the panels' frame where there is room.
func sheetRoom(h int) int {
	room := h - headerRows - panelRows - 1
	if room >= sheetRows+4 {
		room -= 2
	}
	return room
}

// footerRows is how many rows the keys and what they do take.
func footerRows(h int) int {
	if h >= tallEnough {
		return 3
	}
	return 2
}
