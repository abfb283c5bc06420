{{- define "cosell.labels" -}}
app.kubernetes.io/name: cosell
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "cosell.environment" -}}
- { name: COSELL_CONFIG, value: /etc/cosell/cosell.yaml }
- { name: COSELL_SERVER_LISTEN, value: ":8400" }
- { name: COSELL_SERVER_OBSERVE, value: ":9464" }
- { name: COSELL_STORE_FILE, value: /etc/cosell/secrets/store }
- { name: COSELL_PARTNERCENTER_CLIENTSECRET_FILE, value: /etc/cosell/secrets/partnerCenterClientSecret }
- { name: COSELL_CRM_CLIENTSECRET_FILE, value: /etc/cosell/secrets/crmClientSecret }
- { name: COSELL_SEALKEY_FILE, value: /etc/cosell/secrets/sealKey }
{{- end -}}

{{- define "cosell.pod" -}}
automountServiceAccountToken: false
terminationGracePeriodSeconds: 30
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: { type: RuntimeDefault }
volumes:
  - { name: config, configMap: { name: {{ .Release.Name }}-config } }
  - { name: secrets, secret: { secretName: {{ .Values.secretName }}, defaultMode: 0440 } }
  - { name: state, emptyDir: {} }
  - { name: tmp, emptyDir: {} }
{{- end -}}

{{- define "cosell.container" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
env: {{- include "cosell.environment" . | nindent 2 }}
volumeMounts:
  - { name: config, mountPath: /etc/cosell/cosell.yaml, subPath: cosell.yaml, readOnly: true }
  - { name: secrets, mountPath: /etc/cosell/secrets, readOnly: true }
  - { name: state, mountPath: /var/lib/cosell }
  - { name: tmp, mountPath: /tmp }
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end -}}
