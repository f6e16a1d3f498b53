package release

// ItemManual is ticked by a person.
var ItemManual = register("manual", kind{
	class: Manual,
	words: func(Plan, ItemSpec) string { return "when a person ticks it: space" },
})
