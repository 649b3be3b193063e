{{/* (root, name): an image of ours by its name, as the profile has them. */}}
{{- define "biotune.named" -}}
{{- $images := dig "images" dict (default dict .root.Values.profile) -}}
{{- $tag := default .root.Chart.AppVersion $images.tag -}}
{{- $name := ternary (printf "%s/%s" $images.registry .name) .name (not (empty $images.registry)) -}}
{{- printf "%s:%s" $name $tag -}}
{{- end -}}

{{- define "biotune.image" -}}
{{- default (include "biotune.named" (dict "root" . "name" "biotune")) .Values.scheduler.image -}}
{{- end -}}

{{- define "biotune.finetune" -}}
{{- $own := dig "images" "steps" "finetune" "" (default dict .Values.profile) -}}
{{- default (include "biotune.named" (dict "root" . "name" "biotune-finetune")) $own -}}
{{- end -}}

{{/* (root, words): the spec of a pod that runs one command of biotune against KFP. */}}
{{- define "biotune.client" -}}
{{- $v := .root.Values -}}
restartPolicy: Never
serviceAccountName: {{ include "biotune.scheduler" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $v.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $v.scheduler.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $v.scheduler.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile:
    type: RuntimeDefault
containers:
  - name: biotune
    image: {{ include "biotune.image" .root | quote }}
    {{- with dig "images" "pull_policy" "" (default dict $v.profile) }}
    imagePullPolicy: {{ . }}
    {{- end }}
    args:
      {{- range .words }}
      - {{ . | quote }}
      {{- end }}
      - --host
      - {{ $v.kfp.host | quote }}
      - --namespace
      - {{ .root.Release.Namespace | quote }}
      {{- if $v.kfp.multiUser }}
      - --token-file
      - /var/run/secrets/kubeflow/pipelines/token
      {{- end }}
      {{- if $v.kfp.ca.configMap }}
      - --ca
      - /etc/biotune-ca/ca.crt
      {{- end }}
    resources: {{ toYaml $v.scheduler.resources | nindent 6 }}
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities:
        drop: [ALL]
    volumeMounts:
      - name: files
        mountPath: /etc/biotune
        readOnly: true
      - name: tmp
        mountPath: /tmp
      {{- if $v.kfp.multiUser }}
      - name: token
        mountPath: /var/run/secrets/kubeflow/pipelines
        readOnly: true
      {{- end }}
      {{- if $v.kfp.ca.configMap }}
      - name: ca
        mountPath: /etc/biotune-ca
        readOnly: true
      {{- end }}
volumes:
  - name: files
    projected:
      sources:
        - configMap:
            name: {{ include "biotune.profileMap" .root }}
        - configMap:
            name: {{ include "biotune.schedulesMap" .root }}
  - name: tmp
    emptyDir:
      sizeLimit: 256Mi
  {{- if $v.kfp.multiUser }}
  - name: token
    projected:
      sources:
        - serviceAccountToken:
            audience: pipelines.kubeflow.org
            expirationSeconds: 3600
            path: token
  {{- end }}
  {{- if $v.kfp.ca.configMap }}
  - name: ca
    configMap:
      name: {{ $v.kfp.ca.configMap }}
      items:
        - key: {{ $v.kfp.ca.key }}
          path: ca.crt
  {{- end }}
{{- end -}}

{{- define "biotune.clientLabels" -}}
{{ include "biotune.selector" . }}
app.kubernetes.io/component: scheduler
{{- end -}}

{{- define "biotune.job" -}}
activeDeadlineSeconds: {{ .Values.scheduler.deadlineSeconds }}
backoffLimit: {{ .Values.scheduler.retries }}
template:
  metadata:
    labels:
      {{- include "biotune.clientLabels" . | nindent 6 }}
      {{- with .Values.commonLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    {{- with .Values.scheduler.podAnnotations }}
    annotations: {{ toYaml . | nindent 6 }}
    {{- end }}
  spec:
    {{- include "biotune.client" (dict "root" . "words" (list "schedule" "apply" "/etc/biotune/schedules.yaml")) | nindent 4 }}
{{- end -}}
