package release

import "fmt"

func tickChoice(plan Plan, s State, spec ItemSpec) Choice {
	return Choice{
		Kind: DoTick, Item: spec.ID, Intent: Tick{Item: spec.ID}, Refusals: blocksTick(plan, s, spec.ID),
		Preview: Preview{Line: "tick " + spec.Title},
	}
}

func blocksTick(plan Plan, s State, id string) []Refusal {
	spec, item, why := itemOf(plan, s, id)
	if !why.None() {
		return first(driven(s), why)
	}
	if spec.Class() != Manual {
		why = refusal(RefusedUnknown, spec.Title+" is not ticked by a person")
	}
	return first(driven(s), why, noRelease(s), settledAlready(item), early(s, spec), goesBack(s))
}

func waiveChoice(plan Plan, s State, spec ItemSpec) Choice {
	return Choice{
		Kind: DoWaive, Item: spec.ID, Intent: Waive{Item: spec.ID}, Refusals: blocksWaive(plan, s, spec.ID),
		Preview: Preview{
			Title: "Waive " + spec.Title,
			Line:  fmt.Sprintf("waive %s, with a reason · recorded with your name", spec.Title),
		},
	}
}

func blocksWaive(plan Plan, s State, id string) []Refusal {
	spec, item, why := itemOf(plan, s, id)
	if !why.None() {
		return first(why)
	}
	action, done := Refusal{}, settledAlready(item)
	if task := s.runs(id); task != nil && !task.Unknown {
		action = waits(RefusedBusy, spec.Title+" is running: cancel it first")
	}
	if spec.Deploys() {
		action = refusal(RefusedUnknown, "the deploy cannot be waived")
	}
	if item.Status == Passed && spec.Class() == Check {
		done = Refusal{} // it may fail again
	}
	return first(noRelease(s), action, done, goesBack(s))
}

// itemOf gives an item of the checklist, as configured and as it stands, or why not.
func itemOf(plan Plan, s State, id string) (ItemSpec, Item, Refusal) {
	for _, spec := range plan.Items {
		if spec.ID != id {
			continue
		}
		item, ok := s.item(id)
		if !ok {
			return spec, item, refusal(RefusedPhase, "no release is under way")
		}
		return spec, item, Refusal{}
	}
	return ItemSpec{}, Item{}, refusal(RefusedUnknown, fmt.Sprintf("no checklist item %q; items: %s", id, itemList(plan)))
}

// settledAlready says who settled an item by hand.
func settledAlready(item Item) Refusal {
	switch item.Status {
	case Passed:
		return refusal(RefusedAlready, "ticked already by "+item.By.Name)
	case Waived:
		return refusal(RefusedAlready, "waived already by "+item.By.Name)
	}
	return Refusal{}
}

// early says that an item comes after the rollout.
func early(s State, spec ItemSpec) Refusal {
	if spec.Stage != Post || s.Phase == Verifying {
		return Refusal{}
	}
	return waits(RefusedNotYet, "not before the rollout is complete")
}

// goesBack says that what the checklist was for is being undone.
func goesBack(s State) Refusal {
	if s.Phase != RollingBack {
		return Refusal{}
	}
	return refusal(RefusedPhase, "rolling back")
}

func (s State) item(id string) (Item, bool) {
	for _, item := range s.Items {
		if item.ID == id {
			return item, true
		}
	}
	return Item{}, false
}
