//go:build schemas

package main

// Its folder has the schemas of Kubernetes; its code isn't used.
import _ "sigs.k8s.io/kubectl-validate/pkg/openapiclient"
