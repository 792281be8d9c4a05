{{- define "merlinmq.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}
{{- define "merlinmq.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}
{{- define "merlinmq.labels" -}}
app.kubernetes.io/part-of: merlinmq
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
{{- define "merlinmq.selector" -}}
app.kubernetes.io/name: merlinmq
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}
{{/* Full names of the NameServers' pods: they resolve from every namespace. */}}
{{- define "merlinmq.namesrvAddr" -}}
{{- $name := include "merlinmq.name" . -}}
{{- $list := list -}}
{{- range $i := until (int .Values.nameserver.replicas) -}}
{{- $list = append $list (printf "%s-namesrv-%d.%s-namesrv.%s.svc:9876" $name $i $name $.Release.Namespace) -}}
{{- end -}}
{{ join ";" $list }}
{{- end }}
{{- define "merlinmq.probes" -}}
startupProbe:
  httpGet: {path: /startupz, port: http}
  periodSeconds: 5
  failureThreshold: 720
readinessProbe:
  httpGet: {path: /health/ready, port: http}
  periodSeconds: 5
livenessProbe:
  httpGet: {path: /health/live, port: http}
  periodSeconds: 10
  failureThreshold: 6
  timeoutSeconds: 3
{{- end }}
{{- define "merlinmq.affinity" -}}
{{- if eq .mode "required" }}
affinity:
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels: {{- include "merlinmq.selector" . | nindent 12 }}
{{- else if eq .mode "preferred" }}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels: {{- include "merlinmq.selector" . | nindent 14 }}
{{- end }}
{{- end }}
{{/* Of a Service for clients outside: its annotations, where POD stands for the pod's name, and how it is reached. */}}
{{- define "merlinmq.annotations" -}}
{{- $pod := .pod | default "" }}
{{- with .x.annotations }}
  annotations:
    {{- range $key, $value := . }}
    {{ $key }}: {{ $value | replace "POD" $pod | quote }}
    {{- end }}
{{- end }}
{{- end }}
{{- define "merlinmq.outside" }}
  type: {{ .type }}
  externalTrafficPolicy: {{ .externalTrafficPolicy | default (ternary "Cluster" "Local" (eq .type "NodePort")) }}
  {{- if and (eq .type "LoadBalancer") .loadBalancerClass }}
  loadBalancerClass: {{ .loadBalancerClass }}
  {{- end }}
{{- end }}
{{/* What cannot work is said before anything is made. */}}
{{- define "merlinmq.check" -}}
{{- if ne .Values.mode "2m-noslave" }}
{{- fail (printf "mode=%s needs slaves, and a broker cannot replicate yet: it would refuse to start. Use mode=2m-noslave; broker.replicas is the number of masters" .Values.mode) }}
{{- end }}
{{- $x := .Values.broker.external }}
{{- if $x.enabled }}
{{- $n := int .Values.broker.replicas }}
{{- if eq $x.type "NodePort" }}
{{- if lt (len $x.nodePorts) $n }}{{ fail (printf "broker.external.nodePorts has %d entries, and there are %d brokers" (len $x.nodePorts) $n) }}{{ end }}
{{- if and (not $x.host) (lt (len $x.addresses) $n) }}{{ fail "broker.external.host is missing: a name or address of the nodes that clients dial" }}{{ end }}
{{- else if ne $x.type "LoadBalancer" }}{{ fail (printf "broker.external.type=%s: NodePort or LoadBalancer is needed" $x.type) }}
{{- else if lt (len $x.addresses) $n }}{{ fail (printf "broker.external.addresses has %d entries, and there are %d brokers: clients are told one for each" (len $x.addresses) $n) }}{{ end }}
{{- end }}
{{- $y := .Values.nameserver.external }}
{{- if $y.enabled }}
{{- if not (has $y.type (list "NodePort" "LoadBalancer")) }}{{ fail (printf "nameserver.external.type=%s: NodePort or LoadBalancer is needed" $y.type) }}{{ end }}
{{- if and (eq $y.type "NodePort") (not $y.nodePort) }}{{ fail "nameserver.external.nodePort is missing: clients need a port that stays" }}{{ end }}
{{- if not $x.enabled }}{{ fail "nameserver.external without broker.external: clients outside would be told addresses of pods" }}{{ end }}
{{- end }}
{{- if and .Values.acl.plainSecret .Values.acl.usersSecret }}{{ fail "acl.plainSecret and acl.usersSecret exclude each other" }}{{ end }}
{{- if and .Values.tls.certManager.enabled (not .Values.tls.certManager.issuerRef.name) }}{{ fail "tls.certManager.issuerRef.name is missing" }}{{ end }}
{{- $secret := include "merlinmq.tlsSecret" . }}
{{- if and (not $secret) (or .Values.tls.verify (ne .Values.tls.clientAuth "none")) }}{{ fail "tls.verify and tls.clientAuth need tls.secretName or tls.certManager" }}{{ end }}
{{- end }}
{{- define "merlinmq.tlsSecret" -}}
{{- if .Values.tls.secretName }}{{ .Values.tls.secretName }}{{ else if .Values.tls.certManager.enabled }}{{ include "merlinmq.name" . }}-tls{{ end }}
{{- end }}
{{/* What the broker of each pod tells clients, by the pod's number. */}}
{{- define "merlinmq.advertised" -}}
{{- $x := .Values.broker.external -}}
{{- $list := list -}}
{{- range $i := until (int .Values.broker.replicas) -}}
{{- if lt $i (len $x.addresses) -}}{{- $list = append $list (index $x.addresses $i) -}}
{{- else -}}{{- $list = append $list (printf "%s:%d" $x.host (int (index $x.nodePorts $i))) -}}{{- end -}}
{{- end -}}
{{ join "," $list }}
{{- end }}
{{- define "merlinmq.tlsEnv" -}}
- {name: ROCKETMQ_CONF_tls_server_mode, value: "{{ .Values.tls.mode }}"}
{{- if include "merlinmq.tlsSecret" . }}
- {name: ROCKETMQ_CONF_tls_test_mode_enable, value: "false"}
- {name: ROCKETMQ_CONF_tls_server_certPath, value: /etc/merlinmq-tls/tls.crt}
- {name: ROCKETMQ_CONF_tls_server_keyPath, value: /etc/merlinmq-tls/tls.key}
{{- if ne .Values.tls.clientAuth "none" }}
- {name: ROCKETMQ_CONF_tls_server_need_client_auth, value: "{{ .Values.tls.clientAuth }}"}
- {name: ROCKETMQ_CONF_tls_server_authClient, value: "true"}
- {name: ROCKETMQ_CONF_tls_server_trustCertPath, value: /etc/merlinmq-tls/ca.crt}
- {name: ROCKETMQ_CONF_tls_client_certPath, value: /etc/merlinmq-tls/tls.crt}
- {name: ROCKETMQ_CONF_tls_client_keyPath, value: /etc/merlinmq-tls/tls.key}
{{- end }}
{{- if .Values.tls.verify }}
- {name: ROCKETMQ_CONF_tls_client_authServer, value: "true"}
- {name: ROCKETMQ_CONF_tls_client_trustCertPath, value: /etc/merlinmq-tls/ca.crt}
{{- end }}
{{- end }}
{{- end }}
{{- define "merlinmq.usersEnv" -}}
- {name: ROCKETMQ_CONF_authenticationEnabled, value: "true"}
- {name: ROCKETMQ_CONF_authorizationEnabled, value: "true"}
- {name: ROCKETMQ_CONF_initAuthenticationUser, valueFrom: {secretKeyRef: {name: "{{ .Values.acl.usersSecret }}", key: initAuthenticationUser}}}
- {name: ROCKETMQ_CONF_innerClientAuthenticationCredentials, valueFrom: {secretKeyRef: {name: "{{ .Values.acl.usersSecret }}", key: innerClientAuthenticationCredentials}}}
{{- end }}
