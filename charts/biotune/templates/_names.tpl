{{/* Leaves room below 63 characters for what is appended. KFP takes no claim with a dot. */}}
{{- define "biotune.prefix" -}}
{{- default .Release.Name .Values.nameOverride | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "biotune.runner" -}}
{{- default (printf "%s-runner" (include "biotune.prefix" .)) .Values.runner.name -}}
{{- end -}}

{{- define "biotune.scheduler" -}}
{{- default (printf "%s-scheduler" (include "biotune.prefix" .)) .Values.scheduler.serviceAccount.name -}}
{{- end -}}

{{- define "biotune.profileMap" -}}
{{- default (printf "%s-profile" (include "biotune.prefix" .)) .Values.existingProfile -}}
{{- end -}}

{{- define "biotune.schedulesMap" -}}
{{- default (printf "%s-schedules" (include "biotune.prefix" .)) .Values.existingSchedules -}}
{{- end -}}

{{/* "" where the steps need no secret. */}}
{{- define "biotune.s3Secret" -}}
{{- if .Values.s3.existingSecret -}}
{{- .Values.s3.existingSecret -}}
{{- else if .Values.s3.accessKey -}}
{{- include "biotune.prefix" . }}-s3
{{- end -}}
{{- end -}}

{{/* (root, which): the claim of one volume. */}}
{{- define "biotune.claim" -}}
{{- default (printf "%s-%s" (include "biotune.prefix" .root) .which) (get .root.Values.volumes .which).existingClaim -}}
{{- end -}}

{{- define "biotune.queue" -}}
{{- default (include "biotune.prefix" .) .Values.kueue.existingQueue -}}
{{- end -}}

{{/* Cluster-wide, so the namespace is in it. */}}
{{- define "biotune.clusterQueue" -}}
{{- default (printf "%s-%s" .Release.Namespace (include "biotune.prefix" .) | trunc 63 | trimSuffix "-") .Values.kueue.clusterQueue -}}
{{- end -}}

{{/* A runtime's restarts can't be changed, hence in its name. "" where the chart makes none. */}}
{{- define "biotune.runtime" -}}
{{- if and .Values.trainer.enabled .Values.trainer.createRuntime -}}
{{- printf "%s-torch-%d" (include "biotune.prefix" .) (int .Values.trainer.maxRestarts) -}}
{{- end -}}
{{- end -}}

{{/* The label that a profile puts on the nodes' pods. */}}
{{- define "biotune.nodeLabel" -}}
biotune.io/task: finetune
{{- end -}}

{{/* What never changes in a release's life: safe for selectors, and for templates of pods. */}}
{{- define "biotune.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "biotune.labels" -}}
{{ include "biotune.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}
