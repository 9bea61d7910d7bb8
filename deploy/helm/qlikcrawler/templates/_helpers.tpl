{{- define "qlikcrawler.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "qlikcrawler.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "qlikcrawler.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "qlikcrawler.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "qlikcrawler.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "qlikcrawler.selector" . }}
{{- end }}

{{- define "qlikcrawler.selector" -}}
app.kubernetes.io/name: {{ include "qlikcrawler.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "qlikcrawler.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "qlikcrawler.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "qlikcrawler.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}
{{- end }}

{{- /* A deployment of one role. Takes root (the chart's context), role (web, worker), its values, and the arguments of serve. */}}
{{- define "qlikcrawler.deployment" -}}
{{- $root := .root }}
{{- $values := .values }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "qlikcrawler.fullname" $root }}-{{ .role }}
  labels:
    {{- include "qlikcrawler.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
spec:
  {{- if not $values.autoscaling.enabled }}
  replicas: {{ $values.replicas }}
  {{- end }}
  # Old and new version run beside each other meanwhile: docs/how-to/upgrade.md.
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  selector:
    matchLabels:
      {{- include "qlikcrawler.selector" $root | nindent 6 }}
      app.kubernetes.io/component: {{ .role }}
  template:
    metadata:
      labels:
        {{- include "qlikcrawler.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .role }}
      {{- with $values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ include "qlikcrawler.serviceAccount" $root }}
      automountServiceAccountToken: false
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      # Apps that are being read are finished first (30 s), and requests under way (10 s).
      terminationGracePeriodSeconds: 60
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        runAsGroup: 65532
        fsGroup: 65532
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: qlikcrawler
          image: {{ include "qlikcrawler.image" $root }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args:
            {{- toYaml .args | nindent 12 }}
            {{- if or $root.Values.connections.configMap $root.Values.connections.secret }}
            - --connections
            - /connections
            {{- end }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          env:
            - name: QLIKCRAWLER_LISTEN
              value: ":8080"
            - name: QLIKCRAWLER_LOG_FORMAT
              value: json
            - name: QLIKCRAWLER_DATABASE_URL
              valueFrom:
                secretKeyRef: {name: {{ $root.Values.database.existingSecret }}, key: {{ $root.Values.database.key }}}
            - name: QLIKCRAWLER_MASTER_KEY
              valueFrom:
                secretKeyRef: {name: {{ $root.Values.masterKey.existingSecret }}, key: {{ $root.Values.masterKey.key }}}
            {{- with $root.Values.masterKey.newKey }}
            - name: QLIKCRAWLER_NEW_MASTER_KEY
              valueFrom:
                secretKeyRef: {name: {{ $root.Values.masterKey.existingSecret }}, key: {{ . }}}
            {{- end }}
            {{- with $root.Values.publicURL }}
            - name: QLIKCRAWLER_PUBLIC_URL
              value: {{ . | quote }}
            {{- end }}
            {{- with $root.Values.env }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          {{- with $root.Values.envFrom }}
          envFrom:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          ports:
            - {name: http, containerPort: 8080, protocol: TCP}
          # The first start migrates the database, which may take minutes on a large one.
          startupProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 2
            failureThreshold: 300
          livenessProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          readinessProbe:
            httpGet: {path: /readyz, port: http}
            periodSeconds: 5
            timeoutSeconds: 5
          resources:
            {{- toYaml $values.resources | nindent 12 }}
          volumeMounts:
            - {name: data, mountPath: /data}
            - {name: tmp, mountPath: /tmp}
            {{- if or $root.Values.connections.configMap $root.Values.connections.secret }}
            - {name: connections, mountPath: /connections, readOnly: true}
            {{- end }}
            {{- with $root.Values.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        # Nothing in it lasts: what there is to keep is in Postgres.
        - {name: data, emptyDir: {}}
        - {name: tmp, emptyDir: {}}
        {{- if $root.Values.connections.secret }}
        - {name: connections, secret: {secretName: {{ $root.Values.connections.secret }}}}
        {{- else if $root.Values.connections.configMap }}
        - {name: connections, configMap: {name: {{ $root.Values.connections.configMap }}}}
        {{- end }}
        {{- with $root.Values.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with $values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "qlikcrawler.selector" $root | nindent 14 }}
              app.kubernetes.io/component: {{ .role }}
{{- if $values.podDisruptionBudget.enabled }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "qlikcrawler.fullname" $root }}-{{ .role }}
  labels:
    {{- include "qlikcrawler.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
spec:
  maxUnavailable: {{ $values.podDisruptionBudget.maxUnavailable }}
  selector:
    matchLabels:
      {{- include "qlikcrawler.selector" $root | nindent 6 }}
      app.kubernetes.io/component: {{ .role }}
{{- end }}
{{- if $values.autoscaling.enabled }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "qlikcrawler.fullname" $root }}-{{ .role }}
  labels:
    {{- include "qlikcrawler.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "qlikcrawler.fullname" $root }}-{{ .role }}
  minReplicas: {{ $values.autoscaling.minReplicas }}
  maxReplicas: {{ $values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ $values.autoscaling.targetCPUUtilizationPercentage }}
{{- end }}
{{- end }}
