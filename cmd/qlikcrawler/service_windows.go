package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
	"golang.org/x/sys/windows/svc/mgr"
)

// windowsServices is the service control manager of this machine.
func windowsServices() serviceHost { return controlManager{} }

type controlManager struct{}

// install registers the source of events first: a service without one would be mute.
func (controlManager) install(o serviceOptions) error {
	m, err := openManager()
	if err != nil {
		return err
	}
	defer m.Disconnect()
	if err := eventlog.InstallAsEventCreate(o.Name, eventlog.Info|eventlog.Warning|eventlog.Error); err != nil {
		return fmt.Errorf("install the source of events %s: %w", o.Name, err)
	}
	start := uint32(mgr.StartAutomatic)
	if o.Manual {
		start = mgr.StartManual
	}
	s, err := m.CreateService(o.Name, o.Program, mgr.Config{
		DisplayName: "qlikcrawler (" + o.Name + ")", Description: "Metadata catalog of Qlik Sense sites",
		StartType: start, DelayedAutoStart: !o.Manual, ServiceStartName: o.Account,
		SidType: windows.SERVICE_SID_TYPE_UNRESTRICTED,
	}, o.arguments()...)
	if err != nil {
		return errors.Join(fmt.Errorf("install service %s: %w", o.Name, err), eventlog.Remove(o.Name))
	}
	defer s.Close()
	if err := recover3(s); err != nil {
		return errors.Join(fmt.Errorf("install service %s: %w", o.Name, err), s.Delete(), eventlog.Remove(o.Name))
	}
	return nil
}

// recover3 has Windows start the service again when it crashes or ends with an error: after 5 s, 30 s and
// 2 minutes; after a day without a fault it counts anew.
func recover3(s *mgr.Service) error {
	actions := []mgr.RecoveryAction{
		{Type: mgr.ServiceRestart, Delay: 5 * time.Second},
		{Type: mgr.ServiceRestart, Delay: 30 * time.Second},
		{Type: mgr.ServiceRestart, Delay: 2 * time.Minute},
	}
	const day = 24 * 60 * 60 // seconds
	if err := s.SetRecoveryActions(actions, day); err != nil {
		return err
	}
	return s.SetRecoveryActionsOnNonCrashFailures(true)
}

func (c controlManager) uninstall(ctx context.Context, name string) error {
	if err := c.stop(ctx, name); err != nil {
		return err
	}
	return withService(name, func(s *mgr.Service) error {
		return errors.Join(s.Delete(), eventlog.Remove(name))
	})
}

func (controlManager) start(name string) error {
	return withService(name, func(s *mgr.Service) error { return s.Start() })
}

// stop asks the service to stop, if it doesn't already, and looks until it has.
func (controlManager) stop(ctx context.Context, name string) error {
	return withService(name, func(s *mgr.Service) error {
		status, err := s.Query()
		if err != nil {
			return err
		}
		if status.State != svc.Stopped && status.State != svc.StopPending {
			if _, err := s.Control(svc.Stop); err != nil {
				return err
			}
		}
		look := time.NewTicker(300 * time.Millisecond)
		defer look.Stop()
		for {
			if status, err = s.Query(); err != nil || status.State == svc.Stopped {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-look.C:
			}
		}
	})
}

func openManager() (*mgr.Mgr, error) {
	m, err := mgr.Connect()
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return nil, wrongUse("run this as an administrator: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("connect to the service control manager: %w", err)
	}
	return m, nil
}

func withService(name string, do func(*mgr.Service) error) error {
	m, err := openManager()
	if err != nil {
		return err
	}
	defer m.Disconnect()
	s, err := m.OpenService(name)
	if err != nil {
		return fmt.Errorf("open service %s: %w", name, err)
	}
	defer s.Close()
	if err := do(s); err != nil {
		return fmt.Errorf("service %s: %w", name, err)
	}
	return nil
}

// run hands this process to Windows, which calls Execute and takes its result.
func (controlManager) run(name string, work func(ctx context.Context, log io.Writer) int) error {
	inService, err := svc.IsWindowsService()
	if err != nil {
		return fmt.Errorf("ask whether this is a service: %w", err)
	}
	if !inService {
		return wrongUse("Windows calls this command; use service start, or serve")
	}
	log, err := eventlog.Open(name)
	if err != nil {
		return fmt.Errorf("open the event log: %w", err)
	}
	defer log.Close()
	return svc.Run(name, handler{work: func(ctx context.Context) int { return work(ctx, eventLogWriter{log}) }})
}

// serviceSign is how often Windows hears that stopping goes on; without a sign it takes the service for hung.
const serviceSign = 5 * time.Second

// A handler is our service as Windows sees it.
type handler struct{ work func(context.Context) int }

// Execute implements svc.Handler. The exit status is specific to the service: not 0 makes Windows start it
// again.
func (h handler) Execute(_ []string, changes <-chan svc.ChangeRequest, statuses chan<- svc.Status) (bool, uint32) {
	requests := make(chan serviceRequest)
	done := make(chan struct{})
	go translate(changes, requests, done)
	sign := time.NewTicker(serviceSign)
	defer sign.Stop()
	var sent svc.Status
	status := control(context.Background(), requests, sign.C, func(s serviceState) {
		sent = statusOfService(s, sent)
		statuses <- sent
	}, h.work)
	close(done)
	return status != exitDone, uint32(status)
}

// translate turns what Windows asks into our words, until done is closed.
func translate(changes <-chan svc.ChangeRequest, requests chan<- serviceRequest, done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case c := <-changes:
			request := serviceInterrogate
			if c.Cmd == svc.Stop || c.Cmd == svc.Shutdown || c.Cmd == svc.PreShutdown {
				request = serviceStop
			}
			select {
			case requests <- request:
			case <-done:
				return
			}
		}
	}
}

// statusOfService is a state in the words of Windows, which wants to see a number grow while something
// is pending.
func statusOfService(s serviceState, last svc.Status) svc.Status {
	switch s {
	case serviceStarting:
		return svc.Status{State: svc.StartPending, WaitHint: 30_000}
	case serviceStopping:
		// Apps that are being read may take 30 seconds, and requests under way 10 more.
		return svc.Status{State: svc.StopPending, CheckPoint: last.CheckPoint + 1, WaitHint: 60_000}
	default:
		return svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown | svc.AcceptPreShutdown}
	}
}

// An eventLogWriter writes lines of the log to the event log.
type eventLogWriter struct{ log *eventlog.Log }

// maxEvent is what Windows takes as the text of an event, in characters.
const maxEvent = 31_000

func (w eventLogWriter) Write(line []byte) (int, error) {
	e := eventOf(line)
	if text := []rune(e.Text); len(text) > maxEvent {
		e.Text = string(text[:maxEvent])
	}
	const id = 1 // of 1 to 1000, which EventCreate.exe has texts for
	var err error
	switch e.Level {
	case "DEBUG":
	case "INFO":
		err = w.log.Info(id, e.Text)
	case "WARN":
		err = w.log.Warning(id, e.Text)
	default:
		err = w.log.Error(id, e.Text)
	}
	return len(line), err
}
