package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/jwttool"
)

func newJWT(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "jwt",
		Short:   "Make keys and tokens for a JWT virtual proxy, and look into tokens",
		Example: "  qlikcrawler jwt keygen\n  qlikcrawler jwt sign --key privatekey.pem --user-id svc-qlik --user-directory ACME | qlikcrawler jwt inspect",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newJWTKeygen(a), newJWTSign(a), newJWTInspect(a))
	return cmd
}

const (
	keyFile         = "privatekey.pem"
	certificateFile = "publickey.cer"
)

func newJWTKeygen(a *app) *cobra.Command {
	var (
		out  string
		bits int
		days int
	)
	cmd := &cobra.Command{
		Use:     "keygen",
		Short:   "Make a private key, and the certificate to paste into the QMC",
		Example: "  qlikcrawler jwt keygen --out keys",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			pair, err := jwttool.NewKeyPair(bits, time.Duration(days)*24*time.Hour, time.Now())
			if err != nil {
				return wrongUse("%w", err)
			}
			if err := writeKeyPair(out, pair); err != nil {
				return err
			}
			if a.json {
				return printJSON(cmd.OutOrStdout(), map[string]any{
					"private_key": filepath.Join(out, keyFile), "certificate": filepath.Join(out, certificateFile), "expires_at": pair.Expires.UTC(),
				})
			}
			fmt.Fprintf(cmd.OutOrStdout(), keygenSteps, filepath.Join(out, keyFile), filepath.Join(out, certificateFile),
				pair.Expires.UTC().Format(time.DateOnly), pair.Certificate, filepath.Join(out, keyFile))
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", ".", "folder to write "+keyFile+" and "+certificateFile+" to")
	cmd.Flags().IntVar(&bits, "bits", 4096, "length of the RSA key")
	cmd.Flags().IntVar(&days, "days", 1825, "how long the certificate is valid")
	return cmd
}

const keygenSteps = `wrote %s (keep it to yourself) and %s (valid until %s)

In the QMC: Virtual proxies > Create new (or edit one)
  Identification    Description: qlikcrawler; Prefix: jwt; Session cookie header name: X-Qlik-Session-jwt
  Authentication    Authentication method: JWT
                    JWT certificate: paste the block below
                    JWT attribute for user ID: userid; for user directory: userdirectory
  Load balancing    add the Engine nodes
  Advanced          Host allow list: the host name that this program uses in its url
  Associated items  Proxies: link the Central proxy (without it every request is refused with status 400)

%s
In the connection file:
  jwt: {prefix: jwt, private_key: 'file:%s', user_id: …, user_directory: …}
`

// writeKeyPair writes both files, and never over a key that is there.
func writeKeyPair(dir string, pair jwttool.KeyPair) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder for the keys: %w", err)
	}
	for _, f := range []struct {
		name string
		text []byte
		mode fs.FileMode
	}{{keyFile, pair.PrivateKey, 0o600}, {certificateFile, pair.Certificate, 0o644}} {
		path := filepath.Join(dir, f.name)
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, f.mode)
		if errors.Is(err, fs.ErrExist) {
			return wrongUse("%s is there already, and a key that is in use is not replaced; choose another folder with --out", path)
		}
		if err != nil {
			return fmt.Errorf("write the keys: %w", err)
		}
		_, err = file.Write(f.text)
		if err = errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	return nil
}

type signFlags struct {
	key, lifetime string
	spec          jwttool.Spec
	claims        []string
}

func newJWTSign(a *app) *cobra.Command {
	var f signFlags
	cmd := &cobra.Command{
		Use:     "sign --key FILE --user-id ID --user-directory DIR",
		Short:   "Sign a token for a JWT virtual proxy",
		Example: "  qlikcrawler jwt sign --key privatekey.pem --user-id svc-qlik --user-directory ACME --lifetime 30d",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			token, err := f.sign(cmd.InOrStdin())
			if err != nil {
				return wrongUse("%w", err)
			}
			if a.json {
				return printJSON(cmd.OutOrStdout(), map[string]string{"token": token})
			}
			fmt.Fprintln(cmd.OutOrStdout(), token)
			return nil
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.key, "key", "", "private key (PEM); - is standard input")
	fl.StringVar(&f.spec.UserID, "user-id", "", "user id")
	fl.StringVar(&f.spec.UserDirectory, "user-directory", "", "user directory")
	fl.StringVar(&f.spec.Name, "name", "", "claim name")
	fl.StringVar(&f.spec.Email, "email", "", "claim email")
	fl.StringArrayVar(&f.spec.Groups, "group", nil, "a group; may be repeated")
	fl.StringVar(&f.spec.Audience, "audience", "", "claim aud, when the virtual proxy asks for one")
	fl.StringVar(&f.lifetime, "lifetime", "365d", "how long the token is valid")
	fl.StringVar(&f.spec.Algorithm, "algorithm", "RS256", strings.Join(jwttool.Algorithms(), ", "))
	fl.StringVar(&f.spec.UserIDClaim, "user-id-claim", "userid", "name of the claim for the user id, as the virtual proxy has it")
	fl.StringVar(&f.spec.UserDirectoryClaim, "user-directory-claim", "userdirectory", "name of the claim for the user directory")
	fl.StringArrayVar(&f.claims, "claim", nil, "a further claim, KEY=VALUE; may be repeated")
	for _, name := range []string{"key", "user-id", "user-directory"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flags are defined above
		}
	}
	return cmd
}

func (f signFlags) sign(stdin io.Reader) (string, error) {
	text, _, err := readFile(f.key, stdin)
	if err != nil {
		return "", fmt.Errorf("--key: %w", err)
	}
	spec := f.spec
	if spec.Key, err = jwttool.ReadKey(text); err != nil {
		return "", fmt.Errorf("--key %s: %w", f.key, err)
	}
	if spec.Lifetime, err = connector.ParseDuration(f.lifetime); err != nil {
		return "", fmt.Errorf("--lifetime: %w", err)
	}
	if spec.Lifetime == 0 {
		return "", errors.New("--lifetime 0: a token needs some time to live, such as 30d")
	}
	spec.Claims = map[string]any{}
	for _, c := range f.claims {
		k, v, ok := strings.Cut(c, "=")
		if !ok || k == "" {
			return "", fmt.Errorf("--claim %s: want KEY=VALUE", c)
		}
		if flag := f.flagOf(k); flag != "" {
			return "", fmt.Errorf("--claim %s: give it with %s", k, flag)
		}
		spec.Claims[k] = v
	}
	return jwttool.Sign(spec)
}

// flagOf names the flag that sets a claim, "" if none does.
func (f signFlags) flagOf(claim string) string {
	switch claim {
	case f.spec.UserIDClaim:
		return "--user-id"
	case f.spec.UserDirectoryClaim:
		return "--user-directory"
	}
	return map[string]string{
		"exp": "--lifetime", "nbf": "--lifetime", "iat": "--lifetime",
		"aud": "--audience", "name": "--name", "email": "--email", "groups": "--group",
	}[claim]
}

func newJWTInspect(a *app) *cobra.Command {
	var file, userID, userDirectory string
	cmd := &cobra.Command{
		Use:   "inspect",
		Short: "Show what a token says, and why a virtual proxy would refuse it",
		Long: `Show what a token says, and why a virtual proxy would refuse it. The token is read from standard input
or a file, never from an argument, and it isn't verified: that its signature fits the certificate in
the QMC can't be seen from here. Exit status 1 if something in the token speaks against it.`,
		Example: "  qlikcrawler jwt inspect --file token.txt",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, _, err := readFile(file, cmd.InOrStdin())
			if err != nil {
				return wrongUse("--file: %w", err)
			}
			token, err := jwttool.Inspect(string(bytes.TrimSpace(text)))
			if err != nil {
				return err
			}
			return a.printToken(cmd.OutOrStdout(), token, token.Refusals(time.Now(), userID, userDirectory))
		},
	}
	cmd.Flags().StringVar(&file, "file", "-", "file with the token; - is standard input")
	cmd.Flags().StringVar(&userID, "user-id-claim", "", "name of the claim for the user id, as the virtual proxy has it")
	cmd.Flags().StringVar(&userDirectory, "user-directory-claim", "", "name of the claim for the user directory")
	return cmd
}

func (a *app) printToken(w io.Writer, t jwttool.Token, refusals []string) error {
	if refusals == nil {
		refusals = []string{}
	}
	if a.json {
		if err := printJSON(w, map[string]any{
			"algorithm": t.Algorithm, "key_id": t.KeyID, "claims": t.Claims, "issued_at": timeOrNil(t.Issued),
			"not_before": timeOrNil(t.NotBefore), "expires_at": timeOrNil(t.Expires), "refusals": refusals,
		}); err != nil {
			return err
		}
	} else {
		width := len("algorithm")
		for k := range t.Claims {
			width = max(width, len(k))
		}
		fmt.Fprintf(w, "%-*s  %s\n", width, "algorithm", t.Algorithm)
		for _, k := range inOrder(t.Claims) {
			fmt.Fprintf(w, "%-*s  %v%s\n", width, k, claimText(t.Claims[k]), claimDate(k, t))
		}
		for _, why := range refusals {
			fmt.Fprintf(w, "refused: %s\n", why)
		}
		if len(refusals) == 0 {
			fmt.Fprintln(w, "nothing in the token speaks against it")
		}
	}
	if len(refusals) > 0 {
		return &exitError{Status: exitFailed}
	}
	return nil
}

// claimText prints numbers in full, dates among them.
func claimText(v any) string {
	if n, ok := v.(float64); ok {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

func claimDate(name string, t jwttool.Token) string {
	at := map[string]time.Time{"iat": t.Issued, "nbf": t.NotBefore, "exp": t.Expires}[name]
	if at.IsZero() {
		return ""
	}
	return "  " + at.UTC().Format(time.RFC3339)
}
