// `go_smtp PORT FOLDER`: go-smtp as its manual shows it, which keeps each message as a file of the folder.
package main

import (
	"fmt"
	"io"
	"io/ioutil"
	"log"
	"os"
	"sync/atomic"

	"github.com/emersion/go-smtp"
)

var number int64

type backend struct{}

func (backend) Login(*smtp.ConnectionState, string, string) (smtp.Session, error) {
	return nil, smtp.ErrAuthUnsupported
}

func (backend) AnonymousLogin(*smtp.ConnectionState) (smtp.Session, error) { return session{}, nil }

type session struct{}

func (session) Reset()                              {}
func (session) Logout() error                       { return nil }
func (session) Mail(string, smtp.MailOptions) error { return nil }
func (session) Rcpt(string) error                   { return nil }

func (session) Data(reader io.Reader) error {
	data, err := ioutil.ReadAll(reader)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s/%d", os.Args[2], atomic.AddInt64(&number, 1))
	if err := ioutil.WriteFile(name+".unfinished", data, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".unfinished", name+".eml")
}

func main() {
	server := smtp.NewServer(backend{})
	server.Addr = "127.0.0.1:" + os.Args[1]
	server.Domain = "go-smtp.test"
	server.AuthDisabled = true
	log.Fatal(server.ListenAndServe())
}
