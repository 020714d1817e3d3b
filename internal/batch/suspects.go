package batch

import "sync"

// suspects are the photos that were being processed when their server stopped
// responding. The zero value is ready to use.
type suspects struct {
	mu   sync.Mutex
	each map[*Server][]*task
}

// add counts a server's death against a photo.
func (s *suspects) add(server *Server, t *task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.each == nil {
		s.each = map[*Server][]*task{}
	}
	t.deaths++
	s.each[server] = append(s.each[server], t)
}

// settle ends the suspicions about a server's death. If the server was stopped
// on purpose, no photo is to blame.
func (s *suspects) settle(server *Server, byOrder bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if byOrder {
		for _, t := range s.each[server] {
			t.deaths--
		}
	}
	delete(s.each, server)
}

// deathsOf returns how often servers stopped responding during a photo.
func (s *suspects) deathsOf(t *task) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return t.deaths
}
