package lint

// unreadable reports files that could not be read.
func unreadable(j *judge) {
	for _, u := range j.Unread {
		j.unknown("unreadable", u.File.Whole(u.Line), "the file cannot be read: %s", u.Reason).whole()
	}
}
