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
