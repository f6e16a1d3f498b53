package release

import "fmt"

func tickChoice(plan Plan, s State, spec ItemSpec) Choice {
	c := Choice{Kind: DoTick, Item: spec.ID, Intent: Tick{Item: spec.ID}, Preview: Preview{Line: "tick " + spec.Title}}
	item, ok := itemOf(s, spec.ID)
	switch {
	case watching(plan) != "":
		c.Why = watching(plan)
	case !ok || s.Phase.Over():
		c.Why = "no release is under way"
	case item.Status == Passed:
		c.Why, c.Noop = fmt.Sprintf("ticked already by %s", item.By.Name), true
	case item.Status == Waived:
		c.Why = fmt.Sprintf("waived already by %s", item.By.Name)
	case spec.Stage == Post && s.Phase != Verifying:
		c.Why = "not before the rollout is complete"
	case s.Phase == RollingBack:
		c.Why = "rolling back"
	}
	c.OK = c.Why == ""
	return c
}

func waiveChoice(s State, spec ItemSpec) Choice {
	c := Choice{Kind: DoWaive, Item: spec.ID, Intent: Waive{Item: spec.ID}, Preview: Preview{
		Title: "Waive " + spec.Title,
		Line:  fmt.Sprintf("waive %s, with a reason · recorded with your name", spec.Title),
	}}
	item, ok := itemOf(s, spec.ID)
	switch {
	case !ok || s.Phase.Over():
		c.Why = "no release is under way"
	case spec.Type == ItemDeploy:
		c.Why = "an action cannot be waived"
	case item.Status == Waived:
		c.Why, c.Noop = fmt.Sprintf("waived already by %s", item.By.Name), true
	case item.Status == Passed && !spec.Check():
		c.Why = fmt.Sprintf("ticked already by %s", item.By.Name)
	case s.Phase == RollingBack:
		c.Why = "rolling back"
	}
	c.OK = c.Why == ""
	return c
}

func itemOf(s State, id string) (Item, bool) {
	for _, item := range s.Items {
		if item.ID == id {
			return item, true
		}
	}
	return Item{}, false
}
